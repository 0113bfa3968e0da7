import type { Core } from './core.ts'
import type { HeaderInput } from './message/headers.ts'
import { ALLOWED_METHODS } from './message/methods.ts'

/** What a peer may ask of us (RFC 3261 §11.2): Allow, Accept and Supported. */
export function capabilities(core: Pick<Core, 'supported'>): HeaderInput {
  return { Allow: ALLOWED_METHODS.join(', '), Accept: 'application/sdp', Supported: core.supported.join(', ') }
}
