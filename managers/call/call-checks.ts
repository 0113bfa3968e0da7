import { type BillingChecks, kindOfCall, type Verdict } from '#managers/billing'
import { billingErrors } from '#managers/billing/errors'
import { RESERVED_CUSTOMERS } from '#managers/customer'
import { numberErrors } from '#managers/number/errors'
import { type Address, apiErrors } from '#platform/http'
import type { CallMetadata } from './call.ts'
import { countryOf } from './country.ts'
import { isEmergency } from './emergency.ts'
import { callErrors } from './errors.ts'
import type { OutboundConfig } from './outbound-config.ts'

/** What is asked before somebody is called. Look-ups throw while the database is away. */
export interface CallChecksNeeds {
  customers: {
    find(customer: string): Promise<{ status: string; metadata: { rtp_debug?: boolean } } | undefined>
    isIdentityVerified(customer: string): Promise<boolean>
  }
  billing: BillingChecks
  outboundConfigs: { find(customer: string): Promise<OutboundConfig | undefined> }
}

/** Who calls. */
export interface Caller {
  customer_id: string
  source: Address
  /** Nobody proved who asked for this: no paid destination is dialled. */
  free_only: boolean
  /** What its calls carry: for a provider call the providers, and that any source may be shown. */
  metadata?: CallMetadata
}

/** Whether a customer may call, and whom (`calls.md` §5.1, in its order). Each refusal is a reason that is thrown. */
export class CallChecks {
  readonly #needs: CallChecksNeeds

  constructor(needs: CallChecksNeeds) {
    this.#needs = needs
  }

  /** The customer may make calls at all, and a frozen one those for help; gives what its calls carry. */
  async customer(customer: string, destinations: readonly Address[]): Promise<CallMetadata> {
    const found = await this.#needs.customers.find(customer)
    const isForHelp = found?.status === 'frozen' && destinations.every(isEmergency)
    if (!found || (found.status !== 'active' && !isForHelp)) throw apiErrors.PERMISSION_DENIED()
    return found.metadata.rtp_debug ? { rtp_debug: true } : {}
  }

  /** This destination may be called. */
  async destination(caller: Caller, destination: Address): Promise<void> {
    const { customer_id, source } = caller
    const { type = '', target = '' } = destination
    const isPaid = type === 'tel'
    if (isPaid && caller.free_only) throw callErrors.DESTINATION_NOT_ALLOWED({ country: '' })
    // whom to call for help is no question of who pays, and of no country
    if (isEmergency(destination)) return
    if (isPaid && !(await this.#needs.customers.isIdentityVerified(customer_id)))
      throw numberErrors.IDENTITY_VERIFICATION_REQUIRED()
    const ends = {
      direction: 'outgoing' as const,
      source: { type: source.type ?? '', target: source.target ?? '' },
      destination: { type, target },
    }
    refuseUnpaid(await this.#needs.billing.mayStart(customer_id, kindOfCall(ends), 1))
    if (isPaid) await this.#country(customer_id, target)
  }

  /** An unknown country, no configuration and an empty list all refuse; the platform's own customers call everywhere. */
  async #country(customer: string, number: string): Promise<void> {
    if (RESERVED_CUSTOMERS.includes(customer)) return
    const country = countryOf(number)
    const config = await this.#needs.outboundConfigs.find(customer)
    if (country === '' || !config?.destination_whitelist.includes(country))
      throw callErrors.DESTINATION_NOT_ALLOWED({ country })
  }
}

function refuseUnpaid(verdict: Verdict): void {
  if (verdict.ok) return
  if (verdict.refusal === 'account_suspended') throw billingErrors.ACCOUNT_SUSPENDED()
  throw callErrors.INSUFFICIENT_BALANCE()
}
