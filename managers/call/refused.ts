import type { TrunkAnswer } from '#managers/registrar'
import type { HeaderInput } from '#telecom/sip'
import type { Refusal } from './call-witness.ts'

/** An INVITE that is not let in. */
export interface Refused {
  status: number
  headers?: HeaderInput
  refusal: Refusal
  /** For the operator. */
  detail: string
  /** Whose call it would have been; absent where that is not known, and where a phone is merely asked for its password. */
  customer_id?: string
}

/** Who met a bound may come back when the second is over for which it was counted. */
export const RETRY_NEXT_SECOND = { 'Retry-After': '1' }
/** The platform takes no calls now, which lasts longer than a second. */
export const RETRY_WHEN_READY = { 'Retry-After': '5' }

export function refuse(status: number, refusal: Refusal, detail: string, rest: Partial<Refused> = {}): Refused {
  return { status, refusal, detail, ...rest }
}

/** Why a trunk does not let its device in. */
export function trunkRefusal(answer: Exclude<TrunkAnswer, { outcome: 'passed' }>): Refused {
  switch (answer.outcome) {
    case 'no_trunk':
      return refuse(404, 'domain_not_served', 'no trunk has this name')
    case 'foreign_address':
      return refuse(403, 'address_not_allowed', 'not an address of the trunk', { customer_id: answer.customer_id })
    case 'blocked':
      return refuse(403, 'blocked_after_wrong_passwords', 'too many wrong passwords', {
        customer_id: answer.customer_id,
      })
    case 'challenge':
      return refuse(401, 'credentials_refused', 'credentials are needed', {
        customer_id: answer.customer_id,
        headers: answer.headers,
      })
  }
}

/** Says `refused` from within what asks for several things at the same time. */
export class TurnedAway extends Error {
  override name = 'TurnedAway'
  readonly refused: Refused

  constructor(refused: Refused) {
    super(refused.detail)
    this.refused = refused
  }
}
