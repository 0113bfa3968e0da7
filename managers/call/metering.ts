import { type Occasion, type ReserveRefusal, reasonOfCap, type Spender, SYSTEM_CUSTOMER_ID } from '#managers/billing'
import { billingErrors } from '#managers/billing/errors'
import type { Call } from './call.ts'
import { costOf } from './cost-of.ts'
import { countryOf } from './country.ts'
import { callErrors } from './errors.ts'
import { Meter, type MeterNeeds } from './meter.ts'
import type { Recording } from './recording.ts'

/** Reserves the first interval of each paid leg before anything of it is on the wire. Free legs touch no account. */
export class Metering {
  readonly #needs: MeterNeeds

  constructor(needs: MeterNeeds) {
    this.#needs = needs
  }

  /**
   * The meter of a leg that is about to begin; `undefined` where it costs nothing. Throws `INSUFFICIENT_BALANCE`,
   * `ACCOUNT_SUSPENDED`, `SPENDING_LIMIT_REACHED` or `SPENDING_NOT_ALLOWED`, and `DatabaseUnavailable` where it cannot be decided.
   */
  async begin(call: Call, spender: Spender, occasion: Occasion = 'asked'): Promise<Meter | undefined> {
    const { customer_id, id: reference_id } = call
    const cost_type = costOf(call)
    if (!cost_type) return undefined
    const number = call.destination.target ?? ''
    const decision = await this.#needs.reservations.reserve({
      ...{ customer_id, reference_type: 'call', reference_id, cost_type, number },
      ...{ country: countryOf(number), spender, occasion },
    })
    if (!decision.ok) throw reasonOf(decision)
    return new Meter(this.#needs, decision.reserved)
  }

  /** The same of a recording that is about to begin. */
  async beginRecording(recording: Pick<Recording, 'id' | 'customer_id'>, spender: Spender): Promise<Meter | undefined> {
    const { customer_id, id: reference_id } = recording
    if (customer_id === SYSTEM_CUSTOMER_ID) return undefined
    const decision = await this.#needs.reservations.reserve({
      ...{ customer_id, reference_type: 'recording', reference_id, cost_type: 'recording', number: '', country: '' },
      ...{ spender, occasion: 'asked' },
    })
    if (!decision.ok) throw reasonOf(decision)
    return new Meter(this.#needs, decision.reserved)
  }
}

/** Why a paid leg may not begin, as a caller is told. */
function reasonOf(refusal: ReserveRefusal) {
  switch (refusal.refusal) {
    case 'insufficient_balance':
    case 'closed':
      return callErrors.INSUFFICIENT_BALANCE()
    case 'account_suspended':
      return billingErrors.ACCOUNT_SUSPENDED()
    default:
      return reasonOfCap(refusal)
  }
}
