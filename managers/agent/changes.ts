import type { PlanLimits } from '#managers/billing'
import type { Directs } from '#managers/direct'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { type Address, apiErrors, type Identity, Permission } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { checkAddresses, type ExtensionLookup, refuseTaken } from './address.ts'
import { type AgentRecord, checkName, GUEST_AGENT_ID, isSelf, mayGrant, presentAgent, ringMethodOf } from './agent.ts'
import type { Agent } from './contract.ts'
import { agentErrors } from './errors.ts'
import { agentEvents } from './events.ts'
import { hashPassword, NOBODYS_HASH, verifyPassword } from './password.ts'
import type { AgentStore } from './store.ts'
import { checkTags, type TagLookup } from './tag-ids.ts'
import { Turnstile } from './turnstile.ts'

/** Passwords that are worked on at once (each takes a core and 19 MiB), and that may wait for it. */
const AT_ONCE = 2
const MOST_WAITING = 100

/** Each customer keeps somebody with each of these bits that anybody has. */
const LAST_KEPT = [
  [Permission.ProjectSuperAdmin, 'The last super admin must stay one.'],
  [Permission.CustomerAdmin, 'The last admin of the customer must stay one.'],
] as const

/** Hears of each agent whose permission, password, logins or existence changed, once that is kept. */
export type OnAgentChanged = (agent_id: string) => void

export interface AgentChangesNeeds {
  db: Database
  clock: Clock
  ids: Ids
  plans: PlanLimits
  directs: Directs
  extensions: ExtensionLookup
  tags: TagLookup
  onAgentChanged?: OnAgentChanged
}

/**
 * Changes of agents that exist. Who may ask at all is the gate's question; what a caller may do to whom is asked here.
 * Each change is announced in the transaction that keeps it.
 */
export class AgentChanges {
  readonly #needs: AgentChangesNeeds
  readonly #store: AgentStore
  readonly #turnstile = new Turnstile(AT_ONCE, MOST_WAITING)

  constructor(needs: AgentChangesNeeds, store: AgentStore) {
    this.#needs = needs
    this.#store = store
  }

  /** Replaces name, detail and ring method; what is left out becomes empty (`ringall`). */
  update(
    customer: string,
    id: string,
    wanted: { name?: string; detail?: string; ring_method?: string },
  ): Promise<Agent> {
    const { name = '', detail = '', ring_method = '' } = wanted
    checkName(name)
    const fields = { name, detail, ring_method: ringMethodOf(ring_method || 'ringall') }
    return this.#change(customer, id, async () => fields)
  }

  setStatus(customer: string, id: string, status: Agent['status']): Promise<Agent> {
    return this.#change(customer, id, async () => ({ status }), agentEvents.agent_status_updated)
  }

  /** Replaces all addresses. `ADDRESS_ALREADY_ASSIGNED` when another agent of the customer has one of them. */
  async setAddresses(customer: string, id: string, wanted: readonly Address[]): Promise<Agent> {
    const addresses = await checkAddresses(customer, wanted, this.#needs.extensions)
    return this.#changeAlone(customer, id, async (trx) => {
      await this.#store.freeAddresses(trx, customer, id)
      refuseTaken(addresses, await this.#store.claimAddresses(trx, customer, id, addresses))
      return { addresses }
    })
  }

  /** Replaces all tags, which have to exist. */
  setTags(customer: string, id: string, wanted: readonly string[]): Promise<Agent> {
    return this.#needs.db.transaction(async (trx) => {
      // Tags are held before the agent, in the order in which the deletion of a tag holds them.
      const tag_ids = await checkTags(trx, customer, wanted, this.#needs.tags)
      return presentAgent(await this.#changeIn(trx, customer, id, async () => ({ tag_ids })))
    })
  }

  /**
   * Replaces the permission. The caller must be allowed to give whatever bits change, nobody adds to the own ones, and the
   * last admin stays one (`STATE_INVALID`).
   */
  setPermission(caller: Identity, id: string, permission: number): Promise<Agent> {
    return this.#changeAlone(caller.customer_id, id, async (trx, agent) => {
      const added = permission & ~agent.permission
      if (!mayGrant(caller.permission, permission ^ agent.permission)) throw apiErrors.PERMISSION_DENIED()
      if (isSelf(caller, id) && added !== 0) throw apiErrors.PERMISSION_DENIED()
      refuseGuest(agent)
      await this.#keepLast(trx, agent, permission)
      return { permission }
    })
  }

  /** Replaces the password of an agent whose permission the caller could have given; all logins of the agent end. */
  async setPassword(caller: Identity, id: string, password: string): Promise<Agent> {
    const agent = (await this.#store.find(caller.customer_id, id)) ?? noAgent(id)
    refuseAbove(caller, agent)
    const password_hash = await this.#heavy(() => hashPassword(this.#needs.ids, password))
    return this.#changeAlone(caller.customer_id, id, async (_, held) => {
      refuseAbove(caller, held)
      refuseGuest(held)
      return { password_hash, token_version: held.token_version + 1 }
    })
  }

  /** Replaces the caller's own password; `INVALID_ARGUMENT` when the current one is given and is another. */
  async setOwnPassword(caller: Identity, password: string, current?: string): Promise<Agent> {
    if (current !== undefined) {
      const agent = await this.#store.find(caller.customer_id, caller.agent_id)
      const kept = (agent ?? noAgent(caller.agent_id)).password_hash || NOBODYS_HASH
      if (!(await this.#heavy(() => verifyPassword(current, kept))))
        throw apiErrors.INVALID_ARGUMENT({ field: 'current_password', issue: 'is not your password' })
    }
    return this.setPassword(caller, caller.agent_id, password)
  }

  /** Replaces the direct hash; the old one is dead at once. */
  regenerateHash(customer: string, id: string): Promise<Agent> {
    return this.#change(customer, id, async (trx) => {
      const { hash } = await this.#needs.directs.regenerate(trx, customer, { resource_type: 'agent', resource_id: id })
      return { direct_hash: hash }
    })
  }

  /** Deletes an agent whose permission the caller could have given, with its addresses, direct hash and logins. */
  delete(caller: Identity, id: string): Promise<Agent> {
    const customer = caller.customer_id
    return this.#changeAlone(
      customer,
      id,
      async (trx, agent) => {
        refuseAbove(caller, agent)
        refuseGuest(agent)
        await this.#keepLast(trx, agent, Permission.None)
        await this.#store.freeAddresses(trx, customer, id)
        await this.#needs.directs.remove(trx, customer, { resource_type: 'agent', resource_id: id })
        return { tm_delete: this.#now() }
      },
      agentEvents.agent_deleted,
    )
  }

  /** Ends all logins of the caller. Nothing that is shown of an agent changes, so nothing is announced. */
  async logout(caller: Identity): Promise<void> {
    const { customer_id, agent_id } = caller
    const ended = await this.#needs.db.transaction(async (trx) => this.#store.endLogins(trx, customer_id, agent_id))
    if (!ended) noAgent(agent_id)
    this.#needs.onAgentChanged?.(agent_id)
  }

  /** One change of a live agent, whose row is held while `work` says what to change. */
  async #change(
    customer: string,
    id: string,
    work: (trx: AnyTransaction, agent: AgentRecord) => Promise<Partial<AgentRecord>>,
    event = agentEvents.agent_updated,
  ): Promise<Agent> {
    return presentAgent(await this.#needs.db.transaction(async (trx) => this.#changeIn(trx, customer, id, work, event)))
  }

  /**
   * The same for what looks at the customer's other agents too (who is an admin, who has an address): such changes of a
   * customer are made one after the other. Whoever remembers the agent is told.
   */
  async #changeAlone(
    customer: string,
    id: string,
    work: (trx: AnyTransaction, agent: AgentRecord) => Promise<Partial<AgentRecord>>,
    event = agentEvents.agent_updated,
  ): Promise<Agent> {
    const agent = await this.#needs.db.transaction(async (trx) => {
      await this.#needs.plans.lockLimit(trx, customer, 'agents')
      return this.#changeIn(trx, customer, id, work, event)
    })
    this.#needs.onAgentChanged?.(id)
    return presentAgent(agent)
  }

  async #changeIn(
    trx: AnyTransaction,
    customer: string,
    id: string,
    work: (trx: AnyTransaction, agent: AgentRecord) => Promise<Partial<AgentRecord>>,
    event = agentEvents.agent_updated,
  ): Promise<AgentRecord> {
    const held = (await this.#store.hold(trx, customer, id)) ?? noAgent(id)
    const change = { ...(await work(trx, held)), tm_update: this.#now() }
    const agent = (await this.#store.update(trx, customer, id, change)) ?? noAgent(id)
    const { clock, ids } = this.#needs
    await appendEvents(trx, [event(agent)], { clock, ids })
    return agent
  }

  /** Refuses to take a bit from the last of the customer who has it. */
  async #keepLast(trx: AnyTransaction, agent: AgentRecord, permission: number): Promise<void> {
    const lost = agent.permission & ~permission
    for (const [bit, issue] of LAST_KEPT)
      if ((lost & bit) !== 0 && !(await this.#store.hasOther(trx, agent.customer_id, agent.id, bit)))
        throw apiErrors.STATE_INVALID({ issue })
  }

  #heavy<T>(work: () => Promise<T>): Promise<T> {
    return this.#turnstile.run(work, () => {
      throw apiErrors.SERVICE_UNAVAILABLE({})
    })
  }

  #now() {
    return timestamp(this.#needs.clock.wallMs())
  }
}

/** Who could not have given an agent its permission may not take it over or do away with it. */
function refuseAbove(caller: Identity, agent: AgentRecord): void {
  if (!isSelf(caller, agent.id) && !mayGrant(caller.permission, agent.permission)) throw apiErrors.PERMISSION_DENIED()
}

function refuseGuest({ id }: AgentRecord): void {
  if (id === GUEST_AGENT_ID) throw apiErrors.STATE_INVALID({ issue: 'The guest agent must stay as it is.' })
}

function noAgent(agent_id: string): never {
  throw agentErrors.AGENT_NOT_FOUND({ agent_id })
}
