import { ReasonedError } from '#platform/errors'
import { type Ids, NIL_UUID } from '#platform/ids'
import { Stopwatch } from '#platform/time'
import type { Calling, Ready } from './calling.ts'
import { callErrors } from './errors.ts'
import { newGroupcall } from './groupcall.ts'
import { GroupcallRunner, type GroupcallRunnerNeeds, type ReadyMember } from './groupcall-runner.ts'
import type { LegMaker } from './leg-maker.ts'
import type { GroupPlan, Plan } from './way.ts'

export interface AttemptMakerNeeds extends GroupcallRunnerNeeds {
  ids: Ids
  legs: Pick<LegMaker, 'prepare'>
  /** Takes in a groupcall that lives from now on. */
  admit(group: GroupcallRunner): void
  /** A groupcall is over. */
  release(group: GroupcallRunner): void
  /** Whether anything new may begin. */
  mayBegin(): boolean
}

/** Makes whom a plan means ready to be called: a leg, or a group with whoever of it can be called. */
export class AttemptMaker {
  readonly #needs: AttemptMakerNeeds

  constructor(needs: AttemptMakerNeeds) {
    this.#needs = needs
  }

  /** Throws the reason where nobody can be called: of a group that of its first member. */
  prepare(id: string, plan: Plan, calling: Calling): Promise<Ready> {
    return plan.kind === 'call' ? this.#needs.legs.prepare(id, plan, calling) : this.#group(id, plan, calling)
  }

  async #group(id: string, plan: GroupPlan, calling: Calling): Promise<Ready> {
    const watch = new Stopwatch(this.#needs.clock)
    const inside: Calling = { ...calling, groupcall_id: id, early_execution: false }
    const members = plan.ring_method === 'linear' ? [await this.#first(plan, inside)] : await this.#all(plan, inside)
    const flow_id = members[0]?.ready.flow_id ?? NIL_UUID
    const { master, customer_id, source, groupcall_id } = calling
    const groupcall = newGroupcall({
      id,
      customer_id,
      owner_id: plan.owner_id,
      flow_id,
      source,
      destinations: [...plan.destinations],
      master_call_id: master?.id ?? NIL_UUID,
      master_groupcall_id: groupcall_id,
      ring_method: plan.ring_method,
      tm_create: watch.now(),
    })
    return {
      id,
      kind: 'groupcall',
      flow_id,
      begin: (report) => {
        const group: GroupcallRunner = new GroupcallRunner(this.#needs, {
          ...{ groupcall, watch, members, places: plan.members.length },
          next: (from) => this.#next(plan, from, inside),
          ...(report ? { report } : {}),
          onOver: () => this.#needs.release(group),
        })
        this.#needs.admit(group)
        master?.lead(group)
        group.begin()
        return group
      },
      discard: () => {
        for (const { ready } of members) ready.discard()
      },
    }
  }

  /** Whoever of them can be called at once. */
  async #all({ members }: GroupPlan, calling: Calling): Promise<ReadyMember[]> {
    const found = await Promise.allSettled(members.map((member) => this.#member(member, calling)))
    const ready = found.flatMap((each, place) => (each.status === 'fulfilled' ? [{ place, ready: each.value }] : []))
    const refusals = found.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))
    const unforeseen = refusals.find((error) => !(error instanceof ReasonedError))
    if (unforeseen === undefined && ready.length > 0) return ready
    for (const each of ready) each.ready.discard()
    throw unforeseen ?? refusals[0] ?? callErrors.NO_ROUTE_TO_DESTINATION()
  }

  /** The first of them who can be called. */
  async #first(plan: GroupPlan, calling: Calling): Promise<ReadyMember> {
    let refusal: ReasonedError | undefined
    for (const [place, member] of plan.members.entries())
      try {
        return { place, ready: await this.#member(member, calling) }
      } catch (error) {
        if (!(error instanceof ReasonedError)) throw error
        refusal ??= error
      }
    throw refusal ?? callErrors.NO_ROUTE_TO_DESTINATION()
  }

  /** The next one in line: whoever cannot be called is passed over, and nobody is called for a master that has gone. */
  async #next(plan: GroupPlan, from: number, calling: Calling): Promise<ReadyMember | undefined> {
    const { master } = calling
    const isWanted = () => this.#needs.mayBegin() && master?.mayLead !== false
    for (let place = from; place < plan.members.length && isWanted(); place++) {
      const member = plan.members[place]
      if (!member) continue
      try {
        const ready = await this.#member(member, calling)
        if (isWanted()) return { place, ready }
        ready.discard()
      } catch (error) {
        if (!(error instanceof ReasonedError)) throw error
        this.#needs.log.info({ groupcall_id: calling.groupcall_id, error }, 'one of a groupcall could not be called')
      }
    }
    return undefined
  }

  async #member(member: () => Promise<Plan>, calling: Calling): Promise<Ready> {
    return this.prepare(this.#needs.ids.uuid(), await member(), calling)
  }
}
