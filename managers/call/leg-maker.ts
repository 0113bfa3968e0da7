import { flowErrors } from '#managers/flow/errors'
import { type Address, apiErrors } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { Stopwatch } from '#platform/time'
import { CAUSE, type OutgoingLineOptions } from '#telecom/line'
import type { AttemptEvent } from './attempt.ts'
import type { Call } from './call.ts'
import { callerIdentity } from './caller-id.ts'
import type { Calling, Ready } from './calling.ts'
import type { DialableLine } from './dialable-line.ts'
import { HOPS_HEADER, MAX_FORWARDS } from './hops.ts'
import type { PreparedFlow, PrepareOutgoing } from './live-call.ts'
import { type DialableWay, type LiveNeeds, LiveRunner } from './live-runner.ts'
import type { Meter } from './meter.ts'
import { newOutgoingCall } from './new-call.ts'
import { RingingLeg, type RingingLegs } from './ringing-leg.ts'
import type { LegPlan, Way } from './way.ts'

export interface LegMakerNeeds extends LiveNeeds {
  /** The platform's SIP domain. */
  base: string
  createOutgoingLine(options: OutgoingLineOptions): DialableLine
  /** Makes the flow of a call that we make. */
  prepareOutgoing: PrepareOutgoing
  /** Where legs stand while they ring for somebody. */
  ringing: RingingLegs
  /** Takes in a leg that lives from now on. */
  admit(live: LiveRunner): void
}

/** Makes legs ready to be dialled: ports, the identity of the INVITE, the flow that will run. */
export class LegMaker {
  readonly #needs: LegMakerNeeds

  constructor(needs: LegMakerNeeds) {
    this.#needs = needs
  }

  /** Throws a reason where its first interval cannot be paid, there are no ports, or the flow does not exist. */
  async prepare(id: string, plan: LegPlan, calling: Calling): Promise<Ready> {
    const watch = new Stopwatch(this.#needs.clock)
    const { destination, owner_id } = plan
    const { master, ...common } = calling
    const source = plan.source ?? calling.source
    const hops = (calling.hops ?? 0) + (plan.ways[0].carrier ? 1 : 0)
    const dialled = { ...calling, source, destination, hops }
    const made = { ...common, source, destination, owner_id, master_call_id: master?.id ?? NIL_UUID }
    const call = newOutgoingCall(id, made, watch.now())
    const occasion = plan.isForwarded ? 'forwarding' : calling.occasion
    const meter = await this.#needs.metering.begin(call, calling.spender, occasion)
    try {
      return await this.#dialable(call, { plan, calling: dialled, watch, meter })
    } catch (error) {
      meter?.discard()
      throw error
    }
  }

  async #dialable(
    call: Call,
    made: {
      plan: LegPlan
      calling: Calling & { destination: Address }
      watch: Stopwatch
      meter: Meter | undefined
    },
  ): Promise<Ready> {
    const { plan, calling, watch, meter } = made
    const ways = plan.ways.map((way) => ({
      ...(way.carrier ? { carrier: way.carrier } : {}),
      line: () => this.#line(way, calling),
    }))
    const line = this.#line(plan.ways[0], calling)
    await line.open().catch((cause) => {
      throw apiErrors.SERVICE_UNAVAILABLE({}, { cause })
    })
    try {
      const flow = await this.#flow(call, calling)
      const isOwnPhone = plan.ways.some(({ via }) => 'flow' in via)
      return this.#ready(flow ? withFlow(call, flow) : call, line, { watch, ways, calling, flow, isOwnPhone, meter })
    } catch (error) {
      line.hangup(CAUSE.normal)
      throw error
    }
  }

  #ready(
    call: Call,
    line: DialableLine,
    made: {
      watch: Stopwatch
      ways: readonly DialableWay[]
      calling: Calling
      flow: PreparedFlow | undefined
      /** It registered with us. */
      isOwnPhone: boolean
      meter: Meter | undefined
    },
  ): Ready {
    const { watch, ways, flow, calling, isOwnPhone, meter } = made
    const { free_only, spender, early_execution, maxForwards, master, limits, hops } = calling
    return {
      id: call.id,
      kind: 'call',
      flow_id: call.flow_id,
      begin: (report) => {
        const { ringing } = this.#needs
        const mayBePickedUp = !flow && master && report
        const leg = mayBePickedUp ? new RingingLeg(call.id, { ringing, master, report }) : undefined
        const told = leg ? (event: AttemptEvent) => leg.hear(event) : report
        const live = new LiveRunner(this.#needs, {
          ...{ call, line, watch, free_only, spender, isOwnPhone, ways },
          ...(meter ? { meter } : {}),
          ...(flow ? { flow: { prepared: flow, early: early_execution } } : {}),
          ...(told ? { report: told } : {}),
          ...(limits ? { limits } : {}),
          ...(maxForwards === undefined ? {} : { maxForwards }),
          ...(hops === undefined ? {} : { hops }),
        })
        this.#needs.admit(live)
        if (leg) {
          leg.begin(live)
          return leg
        }
        master?.lead(live)
        live.begin()
        return live
      },
      discard: () => {
        meter?.discard()
        flow?.cancel()
        line.hangup(CAUSE.normal)
      },
    }
  }

  async #flow(call: Call, calling: Calling): Promise<PreparedFlow | undefined> {
    const { flow, variables, free_only, spender, hops = 0, maxForwards = MAX_FORWARDS } = calling
    if (!flow) return undefined
    const travelled = { hops, max_forwards: maxForwards }
    const prepared = await this.#needs.prepareOutgoing({ call, flow, variables, free_only, spender, travelled })
    if (!prepared) throw flowErrors.FLOW_NOT_FOUND({ flow_id: 'flow_id' in flow ? flow.flow_id : NIL_UUID })
    return prepared
  }

  #line({ writes, headers, codecs, carrier, ...way }: Way, calling: Calling & { destination: Address }): DialableLine {
    const { customer_id, source, destination, maxForwards, workerHint, anonymous = false, hops = 0 } = calling
    const { base } = this.#needs
    const identity = callerIdentity(source, destination, {
      customer_id,
      base,
      anonymous,
      ...(writes ? { writes } : {}),
    })
    const offered = offeredTo(codecs, calling.codecs)
    return this.#needs.createOutgoingLine({
      ...way,
      from: identity.from,
      headers: { ...headers, ...identity.headers, ...(carrier ? { [HOPS_HEADER]: String(hops) } : {}) },
      ...(offered ? { codecs: offered } : {}),
      ...(maxForwards === undefined ? {} : { maxForwards }),
      ...(workerHint === undefined ? {} : { workerHint }),
    })
  }
}

/** What a carrier takes, what the other leg speaks first; all of it where one of them says nothing. */
function offeredTo(taken: Way['codecs'], spoken: Calling['codecs']): Calling['codecs'] {
  if (!taken || !spoken) return taken ?? spoken
  return spoken.filter((codec) => taken.includes(codec))
}

/** The record of a call that runs this flow. */
export function withFlow(call: Call, { activeflow_id, flow_id = call.flow_id }: PreparedFlow): Call {
  return { ...call, activeflow_id, flow_id }
}
