import type { PlanLimits } from '#managers/billing'
import { type DefaultAdmins, isEmail, type UsernameOwner } from '#managers/customer'
import type { Directs } from '#managers/direct'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import {
  type Address,
  apiErrors,
  type Identity,
  normaliseAddress,
  type Page,
  type PageRequest,
  Permission,
  paginate,
} from '#platform/http'
import { type Ids, randomText } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { checkAddresses, type ExtensionLookup, refuseTaken } from './address.ts'
import { type AgentRecord, checkName, mayGrant, presentAgent, ringMethodOf } from './agent.ts'
import { AgentChanges, type AgentChangesNeeds } from './changes.ts'
import type { Agent, AgentCreate } from './contract.ts'
import { agentErrors, noAgent } from './errors.ts'
import { agentEvents } from './events.ts'
import { Passwords } from './passwords.ts'
import { type AgentFilter, AgentStore } from './store.ts'
import { checkTags, type TagLookup } from './tag-ids.ts'

/** What a new agent is made of when the platform itself makes it: all of it has been checked. */
export interface NewAgent {
  username: string
  /** In clear text; it is hashed before it is kept. */
  password: string
  name: string
  detail?: string
  ring_method?: Agent['ring_method']
  permission: number
  tag_ids?: string[]
  addresses?: Address[]
}

/** Agents: the people of a customer, who log in and take calls. */
export class AgentService implements UsernameOwner, DefaultAdmins {
  readonly #db: Database
  readonly #store: AgentStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #plans: PlanLimits
  readonly #directs: Directs
  readonly #extensions: ExtensionLookup
  readonly #tags: TagLookup
  /** Whatever changes an agent that exists. */
  readonly changes: AgentChanges
  /** Whatever hashes and checks passwords. */
  readonly passwords: Passwords

  constructor(needs: AgentChangesNeeds) {
    this.#db = needs.db
    this.#store = new AgentStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#plans = needs.plans
    this.#directs = needs.directs
    this.#extensions = needs.extensions
    this.#tags = needs.tags
    this.passwords = new Passwords(needs.ids)
    this.changes = new AgentChanges(needs, this.#store, this.passwords)
  }

  async list(customer: string, page: PageRequest, filter: AgentFilter): Promise<Page<Agent>> {
    const { result, next_page_token } = paginate(await this.#store.list(customer, page, filter), page.size)
    return { result: result.map(presentAgent), next_page_token }
  }

  /** An agent of the customer. */
  async get(customer: string, id: string): Promise<Agent> {
    return presentAgent((await this.#store.find(customer, id)) ?? noAgent(id))
  }

  /** The agent who asks; a key or a token of another kind has no self. */
  async me(caller: Identity): Promise<Agent> {
    if (caller.kind !== 'agent') throw apiErrors.AGENT_AUTH_REQUIRED()
    return this.get(caller.customer_id, caller.agent_id)
  }

  /** Creates an agent, as far as the plan goes and the caller may give the permission. */
  async create(caller: Identity, wanted: AgentCreate): Promise<Agent> {
    if (!mayGrant(caller.permission, wanted.permission)) throw apiErrors.PERMISSION_DENIED()
    const username = wanted.username.trim()
    if (!isEmail(username)) throw agentErrors.INVALID_USERNAME_FORMAT()
    const ring_method = ringMethodOf(wanted.ring_method)
    checkName(wanted.name)
    const customer = caller.customer_id
    const addresses = await checkAddresses(wanted.addresses, (name) => this.#extensions.resolve(customer, name))
    const tag_ids = [...new Set(wanted.tag_ids.map((id) => id.toLowerCase()))]
    const prepared = await this.prepare({ ...wanted, username, ring_method, addresses, tag_ids })
    const record = await this.#db.transaction(async (trx) => {
      await checkTags(trx, customer, wanted.tag_ids, this.#tags)
      await checkAddresses(addresses, (id) => this.#extensions.hold(trx, customer, id))
      return prepared(trx, customer)
    })
    return presentAgent(record)
  }

  /**
   * Hashes the password of an agent that the platform itself makes, which takes some 40 ms, and returns what creates the
   * agent in a transaction that the caller has begun.
   */
  async prepare(wanted: NewAgent): Promise<(trx: AnyTransaction, customer: string) => Promise<AgentRecord>> {
    const password_hash = await this.passwords.hash(wanted.password)
    return (trx, customer) => this.#createIn(trx, customer, wanted, password_hash)
  }

  /**
   * The admin of a new customer: it logs in with the customer's e-mail, once a password has been set for it, because
   * nobody knows the random one. What is returned creates it, or is false where the username is taken.
   */
  async prepareDefaultAdmin(username: string): Promise<(trx: AnyTransaction, customer: string) => Promise<boolean>> {
    const password = randomText(this.#ids, 32)
    const create = await this.prepare({
      username,
      password,
      name: 'default admin',
      permission: Permission.CustomerAdmin,
    })
    return async (trx, customer) => {
      try {
        await create(trx, customer)
        return true
      } catch (error) {
        if (agentErrors.AGENT_ALREADY_EXISTS.is(error)) return false
        throw error
      }
    }
  }

  /** Deletes every agent of a customer that is being deleted; nobody can log in as one of them from then on. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const deleted = await this.#store.deleteAllOf(trx, customer, timestamp(this.#clock.wallMs()))
    await this.#announce(trx, ...deleted.map(agentEvents.agent_deleted))
  }

  async ownerOfUsername(username: string): Promise<string | undefined> {
    return (await this.#store.findByUsername(username))?.customer_id
  }

  /** An agent as it is called: its addresses, and how they ring. */
  find(customer: string, id: string): Promise<AgentRecord | undefined> {
    return this.#store.find(customer, id)
  }

  /** Platform-wide: whose each of these agents is or was; one that never was is left out. */
  customersOf(agent_ids: readonly string[]): Promise<Map<string, string>> {
    return this.#store.customersOf(agent_ids)
  }

  /** The agent at whom an address reaches, an extension by its number or id; `undefined` when it is nobody's. */
  async ownerOf(customer: string, address: Address): Promise<string | undefined> {
    const { type = '', target = '' } = normaliseAddress(address)
    const stored = type === 'extension' ? await this.#extensions.resolve(customer, target) : target
    return stored ? this.#store.ownerOf(customer, type, stored) : undefined
  }

  async #createIn(
    trx: AnyTransaction,
    customer: string,
    wanted: NewAgent,
    password_hash: string,
  ): Promise<AgentRecord> {
    const limit = await this.#plans.lockLimit(trx, customer, 'agents')
    if ((await this.#store.count(trx, customer)) >= limit) throw agentErrors.RESOURCE_LIMIT_EXCEEDED({ limit })
    const id = this.#ids.uuid()
    const record: AgentRecord = {
      id,
      customer_id: customer,
      username: wanted.username,
      password_hash,
      token_version: 1,
      name: wanted.name,
      detail: wanted.detail ?? '',
      ring_method: wanted.ring_method ?? 'ringall',
      status: 'offline',
      permission: wanted.permission,
      tag_ids: wanted.tag_ids ?? [],
      addresses: wanted.addresses ?? [],
      direct_hash: (await this.#directs.create(trx, customer, { resource_type: 'agent', resource_id: id })).hash,
      tm_create: timestamp(this.#clock.wallMs()),
      tm_update: null,
      tm_delete: null,
    }
    if (!(await this.#store.insert(trx, customer, record))) throw agentErrors.AGENT_ALREADY_EXISTS()
    refuseTaken(record.addresses, await this.#store.claimAddresses(trx, customer, id, record.addresses))
    await this.#announce(trx, agentEvents.agent_created(record))
    return record
  }

  /** Takes a deleted tag away from the agents who have it. */
  async detachTag(trx: AnyTransaction, customer: string, tag_id: string): Promise<void> {
    const agents = await this.#store.detachTag(trx, customer, tag_id, timestamp(this.#clock.wallMs()))
    await this.#announce(trx, ...agents.map(agentEvents.agent_updated))
  }

  /** Takes a deleted extension away from the agent who is reached at it. */
  detachExtension(trx: AnyTransaction, customer: string, extension_id: string): Promise<void> {
    return this.changes.detachExtension(trx, customer, extension_id)
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, { clock: this.#clock, ids: this.#ids })
  }
}
