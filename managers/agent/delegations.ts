import { type CustomerService, isLiving } from '#managers/customer'
import { customerErrors } from '#managers/customer/errors'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import type { Identity } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { noAgent } from './errors.ts'
import { delegationCreated } from './events.ts'
import { AgentStore } from './store.ts'
import type { Tokens } from './tokens/tokens.ts'

/** That a super admin got a token to act inside a customer: who, where, why, from which address, until when. */
export interface Delegation {
  /** The `jti` of the token. */
  id: string
  customer_id: string
  agent_id: string
  agent_customer_id: string
  reason: string
  ip: string
  tm_create: Timestamp
  tm_expire: Timestamp
}

interface Tables {
  delegations: Delegation
}

/** Gives super admins tokens to act as an admin of a customer. Each one is on record before it is given. */
export class Delegations {
  readonly #db: Database
  readonly #agents: AgentStore
  readonly #customers: CustomerService
  readonly #tokens: Tokens
  readonly #clock: Clock
  readonly #ids: Ids

  constructor(needs: { db: Database; customers: CustomerService; tokens: Tokens; clock: Clock; ids: Ids }) {
    this.#db = needs.db
    this.#agents = new AgentStore(needs.db)
    this.#customers = needs.customers
    this.#tokens = needs.tokens
    this.#clock = needs.clock
    this.#ids = needs.ids
  }

  /** A token for eight hours. It ends earlier when the super admin is one no more, is deleted, or ends its logins. */
  async create(
    { agent_id, customer_id: agent_customer_id }: Identity,
    { customer_id, reason }: { customer_id: string; reason: string },
    ip: string,
  ): Promise<{ token: string; customer_id: string; expire: Timestamp }> {
    const [agent, customer] = await Promise.all([
      this.#agents.find(agent_customer_id, agent_id),
      this.#customers.find(customer_id),
    ])
    if (!agent) noAgent(agent_id)
    if (!customer || !isLiving(customer)) throw customerErrors.CUSTOMER_NOT_FOUND({ customer_id })
    const delegation_id = this.#ids.uuid()
    const tm_create = timestamp(this.#clock.wallMs())
    const { token_version } = agent
    const { token, expire } = await this.#tokens.sign({
      ...{ type: 'delegate', delegation_id, customer_id: customer.id, agent_id, agent_customer_id, token_version },
    })
    const row = { id: delegation_id, agent_id, agent_customer_id, reason, ip, tm_create, tm_expire: expire }
    await this.#db.transaction((trx) => this.#record(trx, customer.id, row))
    return { token, customer_id: customer.id, expire }
  }

  async #record(trx: AnyTransaction, customer: string, row: Omit<Delegation, 'customer_id'>): Promise<void> {
    const delegation: Delegation = { ...row, customer_id: customer }
    await trx.kysely<Tables>().insertInto('delegations').values(delegation).execute()
    await appendEvents(trx, [delegationCreated(delegation)], { clock: this.#clock, ids: this.#ids })
  }
}
