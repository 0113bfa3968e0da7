import { NOBODY } from '#managers/billing'
import type { Database } from '#platform/db'
import { ReasonedError } from '#platform/errors'
import { type Address, apiErrors, normaliseAddress } from '#platform/http'
import { type Ids, NIL_UUID, uuidOfName } from '#platform/ids'
import type { Clock } from '#platform/time'
import type { Attempt, AttemptEvent } from './attempt.ts'
import type { AttemptMaker } from './attempt-maker.ts'
import type { Call, CallMetadata } from './call.ts'
import type { CallChecks } from './call-checks.ts'
import type { CallPlanner } from './call-planner.ts'
import type { Calling, Master, Ready } from './calling.ts'
import { callingFor, goingOnFrom, isAnonymous } from './calling-for.ts'
import type { CallOut } from './connect-runner.ts'
import { callErrors } from './errors.ts'
import type { Groupcall } from './groupcall.ts'
import { GroupcallRunner } from './groupcall-runner.ts'
import { GroupcallStore } from './groupcall-store.ts'
import { LiveRunner } from './live-runner.ts'
import { Once } from './once.ts'
import type { PlaceCallsRequest, PlacedCalls, SkippedDestination } from './place-calls.ts'
import { CallStore } from './store.ts'

export interface CallPlacerNeeds {
  clock: Clock
  ids: Ids
  db: Database
  checks: CallChecks
  planner: CallPlanner
  attempts: AttemptMaker
  /** A live leg of this node. */
  leg(call_id: string): LiveRunner | undefined
  /** Whether anything new may begin; false refuses it. */
  pass(): Promise<boolean>
}

/** How long looking up whom to call may take, names of hosts included. */
export const LOOKUP_MS = 6_000
const REMEMBERED = { most: 2_000, rememberMs: 120_000 }

/** Whoever of a request can be called, by the position among its destinations, and who cannot. */
interface Prepared {
  ready: { index: number; ready: Ready }[]
  refused: { index: number; refusal: ReasonedError }[]
}

/** Makes the outgoing calls of requests and of live calls that connect: checks, plans, then calls all at once. */
export class CallPlacer {
  readonly #needs: CallPlacerNeeds
  readonly #calls: CallStore
  readonly #groupcalls: GroupcallStore
  readonly #once: Once<PlacedCalls>

  constructor(needs: CallPlacerNeeds) {
    this.#needs = needs
    this.#calls = new CallStore(needs.db)
    this.#groupcalls = new GroupcallStore(needs.db)
    this.#once = new Once(needs.clock, REMEMBERED)
  }

  /**
   * Calls the destinations, each for itself; a destination that cannot be called is skipped. Resolves when what was made is
   * on disk; throws the reason of the first destination when nothing could be made. A repeat under the same key, also by a
   * later life, makes nothing again.
   */
  place(request: PlaceCallsRequest, key: string): Promise<PlacedCalls> {
    return this.#once.do(key, () => this.#place(request, key))
  }

  /** Calls for a live call: see `CallOut`. */
  readonly callOut: CallOut = async (caller, options, report) => {
    const { destinations, source, anonymous } = options
    const calling = callingFor(caller, source, anonymous)
    const prepared = await this.#prepare(destinations, calling, () => this.#needs.ids.uuid())
    return this.#begin(prepared, caller, report)
  }

  async #place(request: PlaceCallsRequest, key: string): Promise<PlacedCalls> {
    const { customer_id, destinations, source, flow, variables, master_call_id } = request
    const { early_execution = false, free_only = false, spender = NOBODY } = request
    if (destinations.length === 0)
      throw apiErrors.INVALID_ARGUMENT({ field: 'destinations', issue: 'must have at least 1 entry' })
    const idAt = (index: number) => uuidOfName(`call:${key}:${index}`)
    const made = await this.#made(
      customer_id,
      destinations.map((_, index) => idAt(index)),
    )
    if (made) return made
    const master = master_call_id === undefined ? undefined : this.#master(customer_id, master_call_id)
    const travelled = request.travelled ?? (master && { hops: master.hops, max_forwards: master.maxForwards })
    const calling = {
      ...{ customer_id, free_only, spender, flow, variables, early_execution },
      source: source ? normaliseAddress(source) : {},
      groupcall_id: NIL_UUID,
      limits: limitsOf(request),
      anonymous: isAnonymous(request.anonymous, master),
      ...(master ? { master } : {}),
      ...(travelled ? goingOnFrom(travelled) : {}),
    }
    const prepared = await this.#prepare(destinations, calling, idAt, request.metadata)
    const attempts = this.#begin(prepared, master)
    const calls = attempts.filter((each) => each instanceof LiveRunner)
    const groupcalls = attempts.filter((each) => each instanceof GroupcallRunner)
    await Promise.all([...calls, ...groupcalls].map(({ written }) => written))
    const skipped = prepared.refused.map(skippedOf)
    return { calls: calls.map(snapshotOf), groupcalls: groupcalls.map(snapshotOf), skipped }
  }

  /** What an earlier life made under the same key. */
  async #made(customer: string, ids: readonly string[]): Promise<PlacedCalls | undefined> {
    const [calls, groupcalls] = await Promise.all([
      this.#calls.findAll(customer, ids),
      this.#groupcalls.findAll(customer, ids),
    ])
    return calls.length + groupcalls.length > 0 ? { calls, groupcalls, skipped: [] } : undefined
  }

  #master(customer_id: string, call_id: string): LiveRunner {
    const master = this.#needs.leg(call_id)
    if (master?.customer_id !== customer_id) throw callErrors.CALL_NOT_FOUND({ call_id })
    return master
  }

  /** The look-ups have a deadline; what lives on afterwards does not inherit it. */
  async #prepare(
    destinations: readonly Address[],
    calling: Omit<Calling, 'metadata'>,
    idAt: (index: number) => string,
    asked: CallMetadata = {},
  ): Promise<Prepared> {
    if (!(await this.#needs.pass())) throw apiErrors.SERVICE_UNAVAILABLE({})
    return this.#needs.db.withDeadline(LOOKUP_MS, async () => {
      const metadata = { ...(await this.#needs.checks.customer(calling.customer_id, destinations)), ...asked }
      const found = await Promise.allSettled(
        destinations.map((destination, index) => this.#one(destination, index, idAt(index), { ...calling, metadata })),
      )
      return sorted(found)
    })
  }

  async #one(destination: Address, index: number, id: string, calling: Calling): Promise<Ready> {
    const plan = await this.#needs.planner.plan(calling, destination, `destinations[${index}]`)
    return this.#needs.attempts.prepare(id, plan, calling)
  }

  /** All at once, in one turn: nobody is called for a call that has begun to end meanwhile. */
  #begin(
    { ready, refused }: Prepared,
    master: Master | undefined,
    report?: (attempt: number, event: AttemptEvent) => void,
  ): Attempt[] {
    if (ready.length === 0) throw refused[0]?.refusal ?? callErrors.NO_ROUTE_TO_DESTINATION()
    if (master && !master.mayLead) {
      for (const each of ready) each.ready.discard()
      throw callErrors.CALL_STATE_INVALID({ call_id: master.id, status: 'terminating' })
    }
    return ready.map((each, at) => each.ready.begin(report && ((event) => report(at, event))))
  }
}

function limitsOf({ dial_timeout, max_duration }: PlaceCallsRequest): NonNullable<Calling['limits']> {
  return {
    ...(dial_timeout === undefined ? {} : { dialMs: dial_timeout * 1_000 }),
    ...(max_duration === undefined ? {} : { maxDurationMs: max_duration * 1_000 }),
  }
}

/** Something unforeseen fails all of it: nothing is left behind. */
function sorted(found: readonly PromiseSettledResult<Ready>[]): Prepared {
  const ready = found.flatMap((each, index) => (each.status === 'fulfilled' ? [{ index, ready: each.value }] : []))
  const refused: Prepared['refused'] = []
  for (const [index, each] of found.entries()) {
    if (each.status === 'fulfilled') continue
    const refusal: unknown = each.reason
    if (refusal instanceof ReasonedError) refused.push({ index, refusal })
    else {
      for (const one of ready) one.ready.discard()
      throw refusal
    }
  }
  return { ready, refused }
}

function skippedOf({ index, refusal }: Prepared['refused'][number]): SkippedDestination {
  const { domain, reason, message } = refusal
  return { index, domain, reason, message }
}

function snapshotOf<T extends Call | Groupcall>(live: { snapshot(): T }): T {
  return live.snapshot()
}
