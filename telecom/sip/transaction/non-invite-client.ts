/** Non-INVITE client transaction: RFC 3261 §17.1.2, figure 6. A pure machine; `runner.ts` obeys it. */
import type { SipRequest, SipResponse } from '../message/message.ts'
import type { Timers } from '../timers.ts'
import { type ClientInput, type ClientTell, type Machine, resend, type Step, send, start, stop, tell } from './step.ts'

export type State =
  | { readonly at: 'trying'; readonly resendAfterMs: number }
  | { readonly at: 'proceeding' }
  | { readonly at: 'completed' }
  | { readonly at: 'terminated' }

export interface NonInviteClient {
  readonly request: SipRequest
  readonly reliable: boolean
  readonly timers: Timers
}

type Input = ClientInput<SipResponse>
type NonInviteStep = Step<State, SipRequest, ClientTell<SipResponse>>

export function nonInviteClient(tx: NonInviteClient): Machine<State, Input, SipRequest, ClientTell<SipResponse>> {
  return { begin: () => begin(tx), next: (state, input) => next(tx, state, input) }
}

export function begin(tx: NonInviteClient): NonInviteStep {
  const { t1Ms } = tx.timers
  const orders = [send(tx.request), start('F', 64 * t1Ms)]
  return { state: { at: 'trying', resendAfterMs: t1Ms }, orders: tx.reliable ? orders : [...orders, start('E', t1Ms)] }
}

export function next(tx: NonInviteClient, state: State, input: Input): NonInviteStep {
  if (state.at === 'terminated') return { state, orders: [] }
  if (state.at === 'completed') {
    const over = input.type === 'timer' && input.timer === 'K'
    return { state: over ? { at: 'terminated' } : state, orders: [] }
  }
  if (input.type === 'transport failed') return { state: { at: 'terminated' }, orders: [tell(input)] }
  if (input.type === 'timer') return onTimer(tx, state, input.timer)
  if (input.response.status < 200) return { state: { at: 'proceeding' }, orders: [tell(input)] }
  const orders = [stop('E'), stop('F'), tell(input)]
  if (tx.reliable) return { state: { at: 'terminated' }, orders }
  return { state: { at: 'completed' }, orders: [...orders, start('K', tx.timers.t4Ms)] }
}

/** E resends: doubling up to T2 while nothing was heard, every T2 after a provisional answer. F gives up. */
function onTimer(tx: NonInviteClient, state: State & { at: 'trying' | 'proceeding' }, timer: string): NonInviteStep {
  if (timer === 'F') return { state: { at: 'terminated' }, orders: [tell({ type: 'timeout' })] }
  if (timer !== 'E') return { state, orders: [] }
  const { t2Ms } = tx.timers
  if (state.at === 'proceeding') return { state, orders: [resend(tx.request), start('E', t2Ms)] }
  const resendAfterMs = Math.min(state.resendAfterMs * 2, t2Ms)
  return { state: { at: 'trying', resendAfterMs }, orders: [resend(tx.request), start('E', resendAfterMs)] }
}
