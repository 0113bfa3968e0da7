import { flowErrors } from '#managers/flow/errors'
import { InvariantError } from '#platform/errors'
import { type Address, apiErrors } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { Stopwatch } from '#platform/time'
import { CAUSE, type OutgoingLineOptions } from '#telecom/line'
import type { Call } from './call.ts'
import { callerIdentity } from './caller-id.ts'
import type { Calling, Ready } from './calling.ts'
import type { DialableLine } from './dialable-line.ts'
import type { PreparedFlow, PrepareOutgoing } from './live-call.ts'
import { type LiveNeeds, LiveRunner } from './live-runner.ts'
import type { Meter } from './meter.ts'
import { newOutgoingCall } from './new-call.ts'
import type { LegPlan, Way } from './way.ts'

export interface LegMakerNeeds extends LiveNeeds {
  /** The platform's SIP domain. */
  base: string
  createOutgoingLine(options: OutgoingLineOptions): DialableLine
  /** Makes the flow of a call that we make. */
  prepareOutgoing: PrepareOutgoing
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
    const made = { ...common, destination, owner_id, master_call_id: master?.id ?? NIL_UUID }
    const call = newOutgoingCall(id, made, watch.now())
    const occasion = plan.isForwarded ? 'forwarding' : calling.occasion
    const meter = await this.#needs.metering.begin(call, calling.spender, occasion)
    try {
      return await this.#dialable(call, { plan, calling, watch, meter })
    } catch (error) {
      meter?.discard()
      throw error
    }
  }

  async #dialable(
    call: Call,
    { plan, calling, watch, meter }: { plan: LegPlan; calling: Calling; watch: Stopwatch; meter: Meter | undefined },
  ): Promise<Ready> {
    const { destination } = plan
    const [first, ...others] = plan.ways.map((way) => () => this.#line(way, destination, calling))
    if (!first) throw new InvariantError('a leg has no way')
    const line = first()
    await line.open().catch((cause) => {
      throw apiErrors.SERVICE_UNAVAILABLE({}, { cause })
    })
    try {
      const flow = await this.#flow(call, calling)
      const isOwnPhone = plan.ways.some(({ via }) => 'flow' in via)
      return this.#ready(flow ? withFlow(call, flow) : call, line, { watch, others, calling, flow, isOwnPhone, meter })
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
      others: readonly (() => DialableLine)[]
      calling: Calling
      flow: PreparedFlow | undefined
      /** It registered with us. */
      isOwnPhone: boolean
      meter: Meter | undefined
    },
  ): Ready {
    const { watch, others, flow, calling, isOwnPhone, meter } = made
    const { free_only, spender, early_execution, maxForwards, master, limits } = calling
    return {
      id: call.id,
      kind: 'call',
      flow_id: call.flow_id,
      begin: (report) => {
        const live = new LiveRunner(this.#needs, {
          ...{ call, line, watch, free_only, spender, isOwnPhone, otherWays: others },
          ...(meter ? { meter } : {}),
          ...(flow ? { flow: { prepared: flow, early: early_execution } } : {}),
          ...(report ? { report } : {}),
          ...(limits ? { limits } : {}),
          ...(maxForwards === undefined ? {} : { maxForwards }),
        })
        this.#needs.admit(live)
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

  async #flow(call: Call, { flow, variables, free_only, spender }: Calling): Promise<PreparedFlow | undefined> {
    if (!flow) return undefined
    const prepared = await this.#needs.prepareOutgoing({ call, flow, variables, free_only, spender })
    if (!prepared) throw flowErrors.FLOW_NOT_FOUND({ flow_id: 'flow_id' in flow ? flow.flow_id : NIL_UUID })
    return prepared
  }

  #line(way: Way, destination: Address, calling: Calling): DialableLine {
    const { customer_id, source, maxForwards, codecs, workerHint, anonymous = false } = calling
    return this.#needs.createOutgoingLine({
      ...way,
      ...callerIdentity(source, destination, { customer_id, base: this.#needs.base, anonymous }),
      ...(codecs ? { codecs } : {}),
      ...(maxForwards === undefined ? {} : { maxForwards }),
      ...(workerHint === undefined ? {} : { workerHint }),
    })
  }
}

/** The record of a call that runs this flow. */
export function withFlow(call: Call, { activeflow_id, flow_id = call.flow_id }: PreparedFlow): Call {
  return { ...call, activeflow_id, flow_id }
}
