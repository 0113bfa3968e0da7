import { type CustomerService, isLiving } from '#managers/customer'
import type { AuthenticateOptions, Identity } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Clock } from '#platform/time'
import { freezeOf } from './freeze.ts'
import { LastKnown } from './last-known.ts'
import type { DirectClaims } from './tokens/direct-token.ts'

/** Who is behind a direct token: nobody of the customer, with a few kinds of resource to use while the customer lives. */
export class DirectIdentities {
  readonly #customers: CustomerService
  /** By customer. */
  readonly #known: LastKnown<Identity>

  constructor(needs: { customers: CustomerService; clock: Clock }) {
    this.#customers = needs.customers
    this.#known = new LastKnown(needs.clock)
  }

  async identify(claims: DirectClaims, options: AuthenticateOptions): Promise<Identity | undefined> {
    const { customer_id, resource_type, resource_id, allowed_resource_types } = claims
    const known = await this.#known.get(customer_id, () => this.#load(customer_id), options)
    return known && { ...known, direct: { resource_type, resource_id, allowed_resource_types } }
  }

  forgetCustomer(customer_id: string): void {
    this.#known.forget((known) => known.customer_id === customer_id)
  }

  async #load(customer_id: string): Promise<Identity | undefined> {
    const customer = await this.#customers.find(customer_id)
    if (!customer || !isLiving(customer)) return undefined
    return { kind: 'direct', customer_id, agent_id: NIL_UUID, permission: 0, ...freezeOf(customer) }
  }
}
