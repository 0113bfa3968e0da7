import { NOBODY, type Occasion, type Spender } from '#managers/billing'
import type { Database } from '#platform/db'
import { InvariantError } from '#platform/errors'
import { type Address, apiErrors, normaliseAddress } from '#platform/http'
import { NIL_UUID, uuidOfName } from '#platform/ids'
import type { Clock } from '#platform/time'
import type { AttemptMaker } from './attempt-maker.ts'
import type { CallChecks } from './call-checks.ts'
import { LOOKUP_MS } from './call-placer.ts'
import type { CallPlanner } from './call-planner.ts'
import type { Calling, Ready } from './calling.ts'
import { callingFor, goingOnFrom, isAnonymous } from './calling-for.ts'
import type { ConnectingCaller } from './connect-runner.ts'
import type { Groupcall, GroupRingMethod } from './groupcall.ts'
import type { PlaceGroupcallRequest } from './groupcall-commands.ts'
import { GroupcallRunner } from './groupcall-runner.ts'
import { GroupcallStore } from './groupcall-store.ts'
import { Once } from './once.ts'

export interface GroupPlacerNeeds {
  clock: Clock
  db: Database
  checks: CallChecks
  planner: CallPlanner
  attempts: AttemptMaker
  /** Whether anything new may begin; false refuses it. */
  pass(): Promise<boolean>
}

const REMEMBERED = { most: 2_000, rememberMs: 120_000 }

/** Who is called together, and how. */
interface Group {
  destinations: readonly Address[]
  ring_method: GroupRingMethod
}

/** Makes groupcalls: for the API, and for live calls that are transferred. */
export class GroupPlacer {
  readonly #needs: GroupPlacerNeeds
  readonly #store: GroupcallStore
  readonly #once: Once<Groupcall>

  constructor(needs: GroupPlacerNeeds) {
    this.#needs = needs
    this.#store = new GroupcallStore(needs.db)
    this.#once = new Once(needs.clock, REMEMBERED)
  }

  /**
   * Calls them; whoever answers first runs the flow. Resolves when it is on disk; throws the reason of the first
   * destination when nobody can be called. A repeat under the same key, also by a later life, calls nobody again.
   */
  place(request: PlaceGroupcallRequest, key: string): Promise<Groupcall> {
    return this.#once.do(key, () => this.#place(request, key))
  }

  /**
   * Makes them ready to be called for a live call: they follow it and run no flow. Nothing is on record or on the wire until
   * it is begun; then the caller has to be one that may still lead. Throws a reason when nobody can be called.
   */
  prepareFor(
    caller: ConnectingCaller,
    group: {
      id: string
      destinations: readonly Address[]
      source: Address
      free_only: boolean
      spender: Spender
      occasion?: Occasion
    },
  ): Promise<Ready> {
    const { id, destinations, source, ...asked } = group
    const calling = { ...callingFor(caller, source), ...asked }
    return this.#prepare(id, { destinations, ring_method: 'ring_all' }, calling)
  }

  async #place(request: PlaceGroupcallRequest, key: string): Promise<Groupcall> {
    const { customer_id, source, flow, variables, anonymous, free_only = false, spender = NOBODY } = request
    const id = uuidOfName(`groupcall:${key}`)
    const made = await this.#store.find(customer_id, id)
    if (made) return made
    const ready = await this.#prepare(id, request, {
      ...{ customer_id, free_only, spender, flow, variables, early_execution: false },
      source: source ? normaliseAddress(source) : {},
      groupcall_id: NIL_UUID,
      anonymous: isAnonymous(anonymous),
      ...(request.travelled ? goingOnFrom(request.travelled) : {}),
    })
    const group = ready.begin()
    if (!(group instanceof GroupcallRunner)) throw new InvariantError('a plan for a group has made no group')
    await group.written
    return group.snapshot()
  }

  /** The look-ups have a deadline; what lives on afterwards does not inherit it. */
  async #prepare(id: string, group: Group, calling: Omit<Calling, 'metadata'>): Promise<Ready> {
    const { pass, db, checks, planner, attempts } = this.#needs
    if (!(await pass())) throw apiErrors.SERVICE_UNAVAILABLE({})
    return db.withDeadline(LOOKUP_MS, async () => {
      const whole: Calling = { ...calling, metadata: await checks.customer(calling.customer_id, group.destinations) }
      return attempts.prepare(id, await planner.planGroup(whole, group), whole)
    })
  }
}
