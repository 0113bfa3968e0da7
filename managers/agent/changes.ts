import type { PlanLimits } from '#managers/billing'
import type { Directs } from '#managers/direct'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { type Address, apiErrors, type Identity, Permission } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { checkAddresses, type ExtensionLookup, refuseTaken } from './address.ts'
import {
  type AgentRecord,
  checkName,
  GUEST_AGENT_ID,
  isSelf,
  isSuperAdmin,
  mayGrant,
  presentAgent,
  ringMethodOf,
} from './agent.ts'
import type { NewPassword } from './change-contract.ts'
import type { Agent } from './contract.ts'
import { noAgent } from './errors.ts'
import { agentEvents } from './events.ts'
import { LoginAttempts } from './login-attempts.ts'
import { forgetPasswordLinks } from './mailbox/mailed-tokens.ts'
import type { Passwords } from './passwords.ts'
import type { AgentStore } from './store.ts'
import { checkTags, type TagLookup } from './tag-ids.ts'

/** So long after a login nobody is asked for the password again. */
const FRESH_MS = 10 * 60_000

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
  readonly #passwords: Passwords
  readonly #attempts: LoginAttempts

  constructor(needs: AgentChangesNeeds, store: AgentStore, passwords: Passwords) {
    this.#needs = needs
    this.#store = store
    this.#passwords = passwords
    this.#attempts = new LoginAttempts(needs)
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

  /** Sets the status; only another one is announced. That it rings is for the platform to say. */
  async setStatus(customer: string, id: string, status: Agent['status']): Promise<Agent> {
    if (status === '' || status === 'ringing')
      throw apiErrors.INVALID_ARGUMENT({ field: 'status', issue: 'must be available, away, busy or offline' })
    return this.#needs.db.transaction(async (trx) => {
      const agent = (await this.#store.hold(trx, customer, id)) ?? noAgent(id)
      if (agent.status === status) return presentAgent(agent)
      const changed = await this.#changeIn(
        trx,
        customer,
        id,
        async () => ({ status }),
        agentEvents.agent_status_updated,
      )
      return presentAgent(changed)
    })
  }

  /** Replaces all addresses. `ADDRESS_ALREADY_ASSIGNED` when another agent of the customer has one of them. */
  setAddresses(customer: string, id: string, wanted: readonly Address[]): Promise<Agent> {
    let addresses: Address[] = []
    return this.#changeAlone(
      customer,
      id,
      async (trx) => {
        await this.#store.freeAddresses(trx, customer, id)
        refuseTaken(addresses, await this.#store.claimAddresses(trx, customer, id, addresses))
        return { addresses }
      },
      {
        // Extensions are held before the agent, in the order in which the deletion of one holds them.
        before: async (trx) => {
          addresses = await checkAddresses(wanted, (name) => this.#needs.extensions.hold(trx, customer, name))
        },
      },
    )
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
      refuseAbove(caller, agent)
      if (!mayGrant(caller.permission, permission ^ agent.permission)) throw apiErrors.PERMISSION_DENIED()
      if (isSelf(caller, id) && added !== 0) throw apiErrors.PERMISSION_DENIED()
      refuseGuest(agent)
      await this.#keepLast(trx, agent, permission)
      return { permission }
    })
  }

  /**
   * Replaces the password of an agent whose permission the caller could have given, or the own one; all logins of the
   * agent end. Whoever replaces its own says the current one, or has just logged in: a token that was stolen must not
   * become a password.
   */
  async setPassword(caller: Identity, id: string, wanted: NewPassword, ip: string): Promise<Agent> {
    const agent = (await this.#store.find(caller.customer_id, id)) ?? noAgent(id)
    refuseAbove(caller, agent)
    if (isSelf(caller, id)) await this.#confirm(caller, agent, wanted.current_password, ip)
    const password_hash = await this.#passwords.hash(wanted.password)
    return this.#changeAlone(caller.customer_id, id, async (trx, held) => {
      refuseAbove(caller, held)
      refuseGuest(held)
      return this.#withPassword(trx, held, password_hash)
    })
  }

  /**
   * Replaces the password of an agent who has shown otherwise who it is; all logins of the agent end. `prove` says so in
   * the transaction of the change, or throws.
   */
  async resetPassword(
    customer: string,
    id: string,
    password: string,
    prove: (trx: AnyTransaction) => Promise<void>,
  ): Promise<void> {
    const password_hash = await this.#passwords.hash(password)
    await this.#changeAlone(customer, id, async (trx, held) => {
      await prove(trx)
      refuseGuest(held)
      return this.#withPassword(trx, held, password_hash)
    })
  }

  /** Links that were sent for a new password end with the old one. */
  async #withPassword(
    trx: AnyTransaction,
    { id, customer_id, token_version }: AgentRecord,
    password_hash: string,
  ): Promise<Partial<AgentRecord>> {
    await forgetPasswordLinks(trx, customer_id, id)
    return { password_hash, token_version: token_version + 1 }
  }

  /** Guesses count like those of a login. */
  async #confirm({ login_ms = 0 }: Identity, agent: AgentRecord, current: string | undefined, ip: string) {
    const refuse = (issue: string): never => {
      throw apiErrors.INVALID_ARGUMENT({ field: 'current_password', issue })
    }
    if (current === undefined) {
      if (this.#needs.clock.wallMs() - login_ms > FRESH_MS)
        refuse('is required, because your login is older than ten minutes')
      return
    }
    const verify = () => this.#passwords.verify(current, agent.password_hash)
    if (!(await this.#attempts.check(agent.username, ip, verify))) refuse('is not your password')
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
      { event: agentEvents.agent_deleted },
    )
  }

  /** Takes a deleted extension away from the agent who is reached at it. */
  async detachExtension(trx: AnyTransaction, customer: string, extension_id: string): Promise<void> {
    const owner = await this.#store.freeAddress(trx, customer, { type: 'extension', target: extension_id })
    if (owner === undefined) return
    await this.#changeIn(trx, customer, owner, async (_, { addresses }) => ({
      addresses: addresses.filter(({ type, target }) => type !== 'extension' || target !== extension_id),
    }))
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
    {
      before = async () => {},
      event = agentEvents.agent_updated,
    }: { before?: (trx: AnyTransaction) => Promise<void>; event?: typeof agentEvents.agent_updated } = {},
  ): Promise<Agent> {
    const agent = await this.#needs.db.transaction(async (trx) => {
      await before(trx)
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

  /** A customer that has an admin keeps one, and so does the platform with its super admins. */
  async #keepLast(trx: AnyTransaction, agent: AgentRecord, permission: number): Promise<void> {
    const { ProjectSuperAdmin, CustomerAdmin } = Permission
    const lost = agent.permission & ~permission
    if ((lost & CustomerAdmin) !== 0 && !(await this.#store.hasOther(trx, agent.customer_id, agent.id, CustomerAdmin)))
      throw apiErrors.STATE_INVALID({ issue: 'The last admin of the customer must stay one.' })
    if (isSuperAdmin(lost) && !(await this.#store.hasOtherAnywhere(trx, agent.id, ProjectSuperAdmin)))
      throw apiErrors.STATE_INVALID({ issue: 'The last super admin must stay one.' })
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
