import {
  type Call,
  type CallFlow,
  callVariables,
  type LiveCall,
  type PrepareIncoming,
  type PrepareOutgoing,
} from '#managers/call'
import type { LaneWrite } from '#platform/db'
import { eventWrite } from '#platform/events'
import { type Clock, timestamp } from '#platform/time'
import { recordOf, rowOf } from './activeflow-row.ts'
import { rowWrite } from './activeflow-store.ts'
import { ActiveflowActor, type ActorNeeds } from './actor.ts'
import { type Beginning, begin } from './engine/index.ts'
import { escapePlaceholders } from './engine/substitute.ts'
import { flowEvents } from './events.ts'
import type { Flow } from './flow.ts'
import type { FlowStore } from './flow-store.ts'
import type { TemporaryFlows } from './temporary-flows.ts'

/** What the flows of calls are made with. */
export interface CallFlowsNeeds {
  flows: Pick<FlowStore, 'find'>
  temporary: TemporaryFlows
  clock: Clock
  shared: ActorNeeds
  /** Takes in an execution that runs or will run. */
  keep(actor: ActiveflowActor): void
  run(actor: ActiveflowActor): void
}

/** The flow that a call will run, and what has to be written for it. */
interface Found {
  flow: Flow
  writes: LaneWrite[]
}

/** Makes the executions of calls: of one that comes in when it is there, of one that goes out before it is dialled. */
export class CallFlows {
  readonly #needs: CallFlowsNeeds

  constructor(needs: CallFlowsNeeds) {
    this.#needs = needs
  }

  /** Actions are the platform's own: what they name came from a phone, and is no placeholder whatever it looks like. */
  readonly prepareIncoming: PrepareIncoming = async ({ call, flow, anonymous, spender, travelled }) => {
    const found = await this.#find(call, 'actions' in flow ? { actions: escapePlaceholders(flow.actions) } : flow)
    if (!found) return undefined
    const activeflow_id = this.#needs.shared.ids.uuid()
    return {
      activeflow_id,
      flow_id: found.flow.id,
      start: (live) => {
        const more = {
          answered: live.snapshot().status === 'progressing',
          free_only: anonymous,
          ...(spender ? { spender } : {}),
          ...(travelled ? { travelled } : {}),
        }
        this.#needs.run(this.#actor(activeflow_id, call, found, more, live))
      },
      cancel: () => {}, // before its start there is nothing
    }
  }

  readonly prepareOutgoing: PrepareOutgoing = async ({
    call,
    flow,
    variables,
    spender,
    travelled,
    free_only = false,
  }) => {
    const found = await this.#find(call, flow)
    if (!found) return undefined
    const { shared, keep } = this.#needs
    const activeflow_id = shared.ids.uuid()
    const actor = this.#actor(activeflow_id, call, found, {
      ...{ answered: false, free_only, injected: variables },
      ...(spender ? { spender } : {}),
      ...(travelled ? { travelled } : {}),
    })
    actor.create()
    keep(actor)
    let isOpen = true
    const once = (work: () => void) => () => {
      if (isOpen) work()
      isOpen = false
    }
    return {
      activeflow_id,
      flow_id: found.flow.id,
      start: (live) => once(() => actor.begin(live))(),
      cancel: once(() => actor.take({ type: 'hungup' })),
    }
  }

  async #find({ customer_id }: Call, flow: CallFlow): Promise<Found | undefined> {
    if ('actions' in flow) return this.#needs.temporary.make(customer_id, flow.actions)
    const found = await this.#needs.flows.find(customer_id, flow.flow_id)
    return found && { flow: found, writes: [] }
  }

  #actor(
    activeflow_id: string,
    call: Call,
    { flow, writes }: Found,
    { answered, ...more }: Pick<Beginning, 'injected' | 'free_only' | 'spender' | 'travelled'> & { answered: boolean },
    live?: LiveCall,
  ): ActiveflowActor {
    const { clock, shared } = this.#needs
    const tm_create = timestamp(clock.wallMs())
    const state = begin({
      activeflow_id,
      customer_id: call.customer_id,
      flow_id: flow.id,
      reference_type: 'call',
      reference_id: call.id,
      on_complete_flow_id: flow.on_complete_flow_id,
      actions: flow.actions,
      bound: callVariables(call),
      call: { answered, over: false },
      ...more,
      tm_create,
    })
    const particulars = { webhook_uri: '', webhook_method: '', tm_create } as const
    const created = recordOf(state, particulars, [], null)
    const first = [
      ...writes,
      rowWrite(rowOf(created, state, shared.owner)),
      eventWrite(flowEvents.activeflow_created(created), shared),
    ]
    return new ActiveflowActor(shared, { state, particulars, first, ...(live ? { call: live } : {}) })
  }
}
