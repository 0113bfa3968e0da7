import { wholeNumber } from './characters.ts'
import { readableAddresses } from './lenient-list.ts'
import type { SipMessage } from './message.ts'
import type { Uri } from './uri.ts'

const MOST_DIVERSIONS = 20
const MOST_COUNT = 999

/** One diversion of a call (RFC 5806 §4): who sent it on, and why. */
export interface Diversion {
  readonly uri: Uri
  readonly displayName: string
  /** In lower case: `user-busy`, `no-answer`, `unconditional`, `deflection` …; `unknown` where it is not said. */
  readonly reason: string
  /** How many diversions this one stands for; 1 where it is not said. */
  readonly counter: number
  /** Whether who diverted is to be withheld: `full`, `name`, `uri`, `off`. */
  readonly privacy: string
  /** Whether the diverting number has been verified. */
  readonly screened: boolean
}

/** Diversion, the latest first, as it is written; what cannot be read of it is not there. */
export function diversionsOf(message: SipMessage): Diversion[] {
  return readableAddresses(message, 'diversion', MOST_DIVERSIONS).map(({ uri, displayName, parameters }) => ({
    uri,
    displayName,
    reason: parameters.get('reason')?.toLowerCase() || 'unknown',
    counter: wholeNumber(parameters.get('counter') ?? '1', MOST_COUNT) ?? 1,
    privacy: parameters.get('privacy')?.toLowerCase() || 'off',
    screened: parameters.get('screen')?.toLowerCase() === 'yes',
  }))
}
