import { agentErrors } from '#managers/agent/errors'
import { type Binding, registrarRealm } from '#managers/registrar'
import { registrarErrors } from '#managers/registrar/errors'
import { type Address, apiErrors } from '#platform/http'
import { isUuid, NIL_UUID } from '#platform/ids'
import { type Destination, type Flow, sipUri } from '#telecom/sip'
import type { CallChecks, Caller } from './call-checks.ts'
import { type AddressFault, calleeOf, faultOfCallee, NO_NUMBER, sipCallee } from './callee.ts'
import { type EmergencyRoutes, isEmergency, isKnownForHelp } from './emergency.ts'
import { callErrors } from './errors.ts'
import type { GroupRingMethod } from './groupcall.ts'
import { TelPlanner, type TelPlannerNeeds } from './tel-planner.ts'
import type { GroupPlan, LegPlan, Plan, Way } from './way.ts'

/** An extension, as far as it is called. */
export interface CalledExtension {
  id: string
  extension: string
}

/** Whom a customer has that can be called inside. */
export interface InsideCallees {
  extensions: {
    find(customer: string, id: string): Promise<CalledExtension | undefined>
    findByExtension(customer: string, extension: string): Promise<CalledExtension | undefined>
  }
  agents: {
    find(
      customer: string,
      id: string,
    ): Promise<{ id: string; ring_method: 'ringall' | 'linear'; addresses: Address[] } | undefined>
    ownerOf(customer: string, address: Address): Promise<string | undefined>
  }
  emergency: EmergencyRoutes
}

/** What it takes to find the ways to a callee. Look-ups throw while the database is away. */
export interface CallPlannerNeeds extends InsideCallees, TelPlannerNeeds {
  /** The platform's SIP domain. */
  base: string
  /** Where the phones of an extension are. */
  bindings(customer: string, extension_id: string): Promise<Binding[]>
  /** The flow of a binding; `undefined` where no listener of ours has it any more. */
  flow(key: string): Flow | undefined
  /** Where a SIP URI leads (RFC 3263), as far as it may be reached; empty where it leads nowhere. */
  resolve(uri: string): Promise<readonly Destination[]>
}

/** Finds whom an address means and the ways that lead there; what cannot be called is a reason that is thrown. */
export class CallPlanner {
  readonly #needs: CallPlannerNeeds
  readonly #checks: CallChecks
  readonly #tel: TelPlanner

  constructor(needs: CallPlannerNeeds, checks: CallChecks) {
    this.#needs = needs
    this.#checks = checks
    this.#tel = new TelPlanner(needs)
  }

  /** The plan for a destination; `field` names it in a refusal, e.g. `destinations[0]`. */
  async plan(caller: Caller, wanted: Address, field: string): Promise<Plan> {
    const destination = calleeOf(wanted)
    const fault = faultOfCallee(destination) ?? this.#faultOfShort(caller, destination)
    if (fault) throw apiErrors.INVALID_ARGUMENT({ field: `${field}.${fault.member}`, issue: fault.issue })
    await this.#checks.destination(caller, destination)
    switch (destination.type) {
      case 'sip':
        return this.#sip(caller.customer_id, destination)
      case 'extension':
        return this.#extension(caller.customer_id, destination)
      case 'agent':
        return this.#agent(caller, destination, field)
      default:
        return this.#tel.plan(caller, destination, await this.#ownerOf(caller.customer_id, destination))
    }
  }

  /**
   * The plan for several who ring for one call. A single extension or agent is the group itself, with a ring method of its
   * own; every other destination is a member.
   */
  async planGroup(
    caller: Caller,
    { destinations, ring_method }: { destinations: readonly Address[]; ring_method: GroupRingMethod },
  ): Promise<GroupPlan> {
    const members = destinations.map((wanted, at) => () => this.plan(caller, wanted, `destinations[${at}]`))
    const [only, ...others] = destinations
    if (only && others.length === 0 && (only.type === 'extension' || only.type === 'agent')) {
      const plan = await this.plan(caller, only, 'destinations[0]')
      if (plan.kind === 'groupcall') return plan
    }
    return { kind: 'groupcall', destinations: destinations.map(calleeOf), owner_id: NIL_UUID, ring_method, members }
  }

  /** A short number is one of the emergency services, or none at all. */
  #faultOfShort({ customer_id }: Caller, destination: Address): AddressFault | undefined {
    const { target = '' } = destination
    const isAny = !isEmergency(destination) || isKnownForHelp(target)
    if (isAny || this.#needs.emergency.servesEmergency(customer_id, target)) return undefined
    return { member: 'target', issue: NO_NUMBER }
  }

  /** Each address that the host has is a way; the next one is tried where one does not answer. */
  async #sip(customer: string, destination: Address): Promise<LegPlan> {
    const uri = sipCallee(destination.target ?? '')
    const found = uri ? await this.#needs.resolve(uri.text) : []
    const [first, ...others] = found.map(
      ({ remote, transport }): Way => ({ uri: uri?.text ?? '', via: { target: remote, transport } }),
    )
    if (!first) throw callErrors.NO_ROUTE_TO_DESTINATION()
    return { kind: 'call', destination, owner_id: await this.#ownerOf(customer, destination), ways: [first, ...others] }
  }

  /** Its phones all at once, each over the flow that it registered over and no other way. */
  async #extension(customer: string, wanted: Address): Promise<GroupPlan> {
    const found = await findExtension(this.#needs.extensions, customer, wanted)
    if (!found) throw registrarErrors.EXTENSION_NOT_FOUND({ extension_id: wanted.target ?? '' })
    const { id, extension } = found
    const destination: Address = { ...wanted, target: id, target_name: extension }
    const ways = (await this.#needs.bindings(customer, id)).flatMap((binding) => this.#wayTo(customer, found, binding))
    if (ways.length === 0) throw callErrors.NO_ROUTE_TO_DESTINATION()
    const owner_id = await this.#ownerOf(customer, destination)
    const members = ways.map((way) => async (): Promise<Plan> => {
      const contact: Address = { type: 'sip', target: way.uri.replace(/^sips?:/i, ''), target_name: extension }
      return { kind: 'call', destination: contact, owner_id, ways: [way] }
    })
    return { kind: 'groupcall', destinations: [destination], owner_id, ring_method: 'ring_all', members }
  }

  /** A flow that is dead leads nowhere: the phone comes back with a new one. */
  #wayTo(customer: string, { extension }: CalledExtension, { uri, flow: key, path }: Binding): Way[] {
    const flow = this.#needs.flow(key)
    if (!flow?.alive) return []
    const to = `<${sipUri({ user: extension, host: registrarRealm(customer, this.#needs.base) })}>`
    return [{ uri, to, via: { flow }, ...(path.length > 0 ? { route: path } : {}) }]
  }

  /** The addresses of an agent, as its ring method says. */
  async #agent(caller: Caller, destination: Address, field: string): Promise<GroupPlan> {
    const id = (destination.target ?? '').toLowerCase()
    const agent = await this.#needs.agents.find(caller.customer_id, id)
    if (!agent) throw agentErrors.AGENT_NOT_FOUND({ agent_id: id })
    if (agent.addresses.length === 0) throw callErrors.NO_ROUTE_TO_DESTINATION()
    return {
      kind: 'groupcall',
      destinations: [{ ...destination, target: agent.id }],
      owner_id: agent.id,
      ring_method: agent.ring_method === 'linear' ? 'linear' : 'ring_all',
      // the name that an agent gives an extension of its own is no number
      members: agent.addresses.map(({ target_name, ...address }) => {
        const named = target_name === undefined || address.type === 'extension' ? {} : { target_name }
        return async () => forwarded(await this.plan(caller, { ...address, ...named }, field))
      }),
    }
  }

  async #ownerOf(customer: string, address: Address): Promise<string> {
    return (await this.#needs.agents.ownerOf(customer, address)) ?? NIL_UUID
  }
}

/** Whoever calls an agent is led on to where the agent wants to be called. */
function forwarded(plan: Plan): Plan {
  return plan.kind === 'call' ? { ...plan, isForwarded: true } : plan
}

/**
 * The extension that an address means (`calls.md` §2): by `target_name`, which is its number; without one by `target`, as
 * its id and else as its number.
 */
export async function findExtension(
  extensions: InsideCallees['extensions'],
  customer: string,
  { target = '', target_name = '' }: Address,
): Promise<CalledExtension | undefined> {
  if (target_name !== '') return extensions.findByExtension(customer, target_name)
  const byId = isUuid(target) ? await extensions.find(customer, target) : undefined
  return byId ?? extensions.findByExtension(customer, target)
}
