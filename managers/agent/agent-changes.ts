import type { Directs } from '#managers/direct'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { type Address, apiErrors, type Identity, Permission } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { checkAddresses, type ExtensionLookup } from './address.ts'
import { type AgentRecord, checkName, checkRingMethod, presentAgent } from './agent.ts'
import type { Agent, AgentUpdate } from './contract.ts'
import { agentErrors, noAgent } from './errors.ts'
import { agentEvents } from './events.ts'
import { isAdmin, isSuperAdmin, refuseLesser, refusePermission, refuseStranger } from './privilege.ts'
import { AgentStore } from './store.ts'

/** What agents ask of tags. */
export interface TagHolder {
  /** Refuses a tag that does not live, as `field[i]`; the others are not deleted before the transaction ends. */
  hold(trx: AnyTransaction, customer: string, tag_ids: readonly string[], field: string): Promise<void>
}

type Change = Partial<AgentRecord>

/**
 * What can be changed of an agent, by its customer's admins and managers and partly by itself. Each change is announced
 * in the transaction that makes it.
 */
export class AgentChanges {
  readonly #db: Database
  readonly #store: AgentStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #directs: Directs
  readonly #extensions: ExtensionLookup
  readonly #tags: TagHolder
  readonly #onAccessChanged: (agent_id: string) => void

  /** `onAccessChanged` hears of each agent whose tokens or permission are not what they were. */
  constructor(needs: {
    db: Database
    clock: Clock
    ids: Ids
    directs: Directs
    extensions: ExtensionLookup
    tags: TagHolder
    onAccessChanged?: (agent_id: string) => void
  }) {
    this.#db = needs.db
    this.#store = new AgentStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#directs = needs.directs
    this.#extensions = needs.extensions
    this.#tags = needs.tags
    this.#onAccessChanged = needs.onAccessChanged ?? (() => {})
  }

  /** Replaces what is given of name, detail and ring method. */
  update(caller: Identity, id: string, wanted: AgentUpdate): Promise<Agent> {
    refuseStranger(caller, id)
    const { name, detail, ring_method } = wanted
    if (name !== undefined) checkName(name)
    const change: Change = {
      ...(name !== undefined && { name }),
      ...(detail !== undefined && { detail }),
      ...(ring_method !== undefined && { ring_method: checkRingMethod(ring_method || 'ringall') }),
    }
    return this.#change(caller.customer_id, id, async () => change)
  }

  /** Replaces all addresses; those that another agent of the customer has are refused, and nothing is changed then. */
  setAddresses(customer: string, id: string, wanted: readonly Address[]): Promise<Agent> {
    return this.#db.transaction(async (trx) => {
      const hold = (name: string) => this.#extensions.hold(trx, customer, name)
      const addresses = await checkAddresses(wanted, hold)
      await this.#store.takeTurn(trx, customer)
      const agent = (await this.#store.lock(trx, customer, id)) ?? noAgent(id)
      await this.#store.releaseAddresses(trx, customer, id)
      await claimAddresses(this.#store, trx, agent, addresses)
      return presentAgent(await this.#save(trx, agent, { addresses }))
    })
  }

  /** Replaces all tags. */
  setTags(customer: string, id: string, wanted: readonly string[]): Promise<Agent> {
    const ids = wanted.map((tag_id) => tag_id.toLowerCase())
    const tag_ids = [...new Set(ids)]
    return this.#db.transaction(async (trx) => {
      await this.#tags.hold(trx, customer, ids, 'tag_ids')
      const agent = (await this.#store.lock(trx, customer, id)) ?? noAgent(id)
      return presentAgent(await this.#save(trx, agent, { tag_ids }))
    })
  }

  /** Sets the status, at once; only a status that is another one is announced. That it rings is for the platform to say. */
  setStatus(caller: Identity, id: string, status: Agent['status']): Promise<Agent> {
    refuseStranger(caller, id)
    if (status === '' || status === 'ringing')
      throw apiErrors.INVALID_ARGUMENT({ field: 'status', issue: 'must be available, away, busy or offline' })
    const customer = caller.customer_id
    return this.#db.transaction(async (trx) => {
      const agent = (await this.#store.lock(trx, customer, id)) ?? noAgent(id)
      if (agent.status === status) return presentAgent(agent)
      return presentAgent(await this.#save(trx, agent, { status }, agentEvents.agent_status_updated))
    })
  }

  /** Sets the permission bits, as far as the caller may give and take them. The last admin stays one. */
  async setPermission(caller: Identity, id: string, permission: number): Promise<Agent> {
    const customer = caller.customer_id
    const changed = await this.#db.transaction(async (trx) => {
      await this.#store.takeTurn(trx, customer)
      const agent = (await this.#store.lock(trx, customer, id)) ?? noAgent(id)
      refusePermission(caller, agent, permission)
      await this.#keepAdmins(trx, agent, permission)
      return this.#save(trx, agent, { permission })
    })
    this.#onAccessChanged(id)
    return presentAgent(changed)
  }

  /** Keeps another password, hashed already; every token of the agent ends. `allow` may refuse the agent as it is then. */
  async setPasswordHash(
    customer: string,
    id: string,
    password_hash: string,
    allow: (agent: AgentRecord) => void = () => {},
  ): Promise<Agent> {
    const changed = await this.#change(customer, id, async (_trx, agent) => {
      allow(agent)
      return { password_hash, token_version: agent.token_version + 1 }
    })
    this.#onAccessChanged(id)
    return changed
  }

  /** Ends every token of the agent, on every device. */
  async endLogins(customer: string, id: string): Promise<void> {
    await this.#db.transaction(async (trx) => {
      const agent = (await this.#store.lock(trx, customer, id)) ?? noAgent(id)
      await this.#store.update(trx, customer, id, { token_version: agent.token_version + 1, tm_update: this.#now() })
    })
    this.#onAccessChanged(id)
  }

  /** Replaces the direct hash; the old one is dead at once. */
  regenerateHash(customer: string, id: string): Promise<Agent> {
    return this.#change(customer, id, async (trx) => {
      const direct = await this.#directs.regenerate(trx, customer, { resource_type: 'agent', resource_id: id })
      return { direct_hash: direct.hash }
    })
  }

  /** Deletes an agent with its direct hash; its tokens end, and its username and addresses are free again. */
  async delete(caller: Identity, id: string): Promise<Agent> {
    const customer = caller.customer_id
    const deleted = await this.#db.transaction(async (trx) => {
      await this.#store.takeTurn(trx, customer)
      const agent = (await this.#store.lock(trx, customer, id)) ?? noAgent(id)
      refuseLesser(caller, agent)
      await this.#keepAdmins(trx, agent, Permission.None)
      await this.#directs.remove(trx, customer, { resource_type: 'agent', resource_id: id })
      await this.#store.releaseAddresses(trx, customer, id)
      const gone = { status: 'offline', token_version: agent.token_version + 1, tm_delete: this.#now() } as const
      return this.#save(trx, agent, gone, agentEvents.agent_deleted)
    })
    this.#onAccessChanged(id)
    return presentAgent(deleted)
  }

  /** Takes a deleted tag away from the agents who have it. */
  async detachTag(trx: AnyTransaction, customer: string, tag_id: string): Promise<void> {
    await this.#store.takeTurn(trx, customer)
    const agents = await this.#store.detachTag(trx, customer, tag_id, this.#now())
    await this.#announce(trx, ...agents.map(agentEvents.agent_updated))
  }

  /** Takes a deleted extension away from the agent who is reached at it. */
  async detachExtension(trx: AnyTransaction, customer: string, extension_id: string): Promise<void> {
    await this.#store.takeTurn(trx, customer)
    const owner = await this.#store.releaseAddress(trx, customer, { type: 'extension', target: extension_id })
    const agent = owner && (await this.#store.lock(trx, customer, owner))
    if (!agent) return
    const addresses = agent.addresses.filter(({ type, target }) => type !== 'extension' || target !== extension_id)
    await this.#save(trx, agent, { addresses })
  }

  /** A customer that had an admin keeps one, and so does the platform. */
  async #keepAdmins(trx: AnyTransaction, { customer_id, id, permission }: AgentRecord, wanted: number): Promise<void> {
    const { CustomerAdmin, ProjectSuperAdmin } = Permission
    const isLess = isAdmin(permission) && !isAdmin(wanted)
    if (isLess && !(await this.#store.hasOther(trx, customer_id, id, CustomerAdmin | ProjectSuperAdmin)))
      throw apiErrors.STATE_INVALID({ issue: 'The agent is the last admin of the customer.' })
    const isLower = isSuperAdmin(permission) && !isSuperAdmin(wanted)
    if (isLower && !(await this.#store.hasOtherAnywhere(trx, id, ProjectSuperAdmin)))
      throw apiErrors.STATE_INVALID({ issue: 'The agent is the last super admin of the platform.' })
  }

  async #change(
    customer: string,
    id: string,
    work: (trx: AnyTransaction, agent: AgentRecord) => Promise<Change>,
  ): Promise<Agent> {
    return this.#db.transaction(async (trx) => {
      const agent = (await this.#store.lock(trx, customer, id)) ?? noAgent(id)
      return presentAgent(await this.#save(trx, agent, await work(trx, agent)))
    })
  }

  /** Writes what changes of an agent that the transaction holds, and announces it. */
  async #save(
    trx: AnyTransaction,
    { customer_id, id }: AgentRecord,
    change: Change,
    announce = agentEvents.agent_updated,
  ): Promise<AgentRecord> {
    const tm_update = this.#now()
    const record = (await this.#store.update(trx, customer_id, id, { ...change, tm_update })) ?? noAgent(id)
    await this.#announce(trx, announce(record))
    return record
  }

  #now(): Timestamp {
    return timestamp(this.#clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, { clock: this.#clock, ids: this.#ids })
  }
}

/** Makes the addresses the agent's own; `ADDRESS_ALREADY_ASSIGNED` names those that somebody else has. */
export async function claimAddresses(
  store: AgentStore,
  trx: AnyTransaction,
  { customer_id, id }: Pick<AgentRecord, 'customer_id' | 'id'>,
  addresses: readonly Address[],
): Promise<void> {
  const taken = await store.claimAddresses(trx, customer_id, id, addresses)
  if (taken.length === 0) return
  const faults = taken.map((address) => ({
    field: `addresses[${addresses.indexOf(address)}]`,
    issue: 'belongs to another agent',
  }))
  throw agentErrors.ADDRESS_ALREADY_ASSIGNED({ faults })
}
