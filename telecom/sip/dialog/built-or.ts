import type { SipRequest } from '../message/message.ts'
import { SipError } from '../message/sip-error.ts'
import type { Outcome } from '../transaction-user.ts'

/**
 * A request of ours in a dialog; `undefined` where it cannot be written. Then it ends, a moment later, as one that could not
 * be sent: it may be a timer that asks for it, and who waits for its end must hear of one.
 */
export function builtOr(done: (outcome: Outcome) => void, build: () => SipRequest): SipRequest | undefined {
  try {
    return build()
  } catch (error) {
    if (!(error instanceof SipError)) throw error
    queueMicrotask(() => done({ type: 'transport failed', error }))
    return undefined
  }
}
