/** Non-INVITE server transaction: RFC 3261 §17.2.2, figure 8. A pure machine; `runner.ts` obeys it. */
import type { SipResponse } from '../message/message.ts'
import type { Timers } from '../timers.ts'
import { type Machine, resend, type Step, send, start, type TimerName, tell } from './step.ts'

export type State =
  | { readonly at: 'trying' }
  | { readonly at: 'proceeding'; readonly last: SipResponse }
  | { readonly at: 'completed'; readonly response: SipResponse }
  | { readonly at: 'terminated' }

export type Input =
  | { readonly type: 'request again' }
  | { readonly type: 'respond'; readonly response: SipResponse }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transport failed'; readonly error: Error }

export type Tell = { readonly type: 'transport failed'; readonly error: Error }

export interface NonInviteServer {
  readonly reliable: boolean
  readonly timers: Timers
}

type ServerStep = Step<State, SipResponse, Tell>

export function nonInviteServer(tx: NonInviteServer): Machine<State, Input, SipResponse, Tell> {
  return { begin, next: (state, input) => next(tx, state, input) }
}

export function begin(): ServerStep {
  return { state: { at: 'trying' }, orders: [] }
}

export function next(tx: NonInviteServer, state: State, input: Input): ServerStep {
  if (state.at === 'terminated') return { state, orders: [] }
  if (input.type === 'transport failed') return { state: { at: 'terminated' }, orders: [tell(input)] }
  if (state.at === 'completed') {
    // a repetition gets the same answer; a second final answer of the user is discarded (§17.2.2)
    if (input.type === 'request again') return { state, orders: [resend(state.response)] }
    const over = input.type === 'timer' && input.timer === 'J'
    return { state: over ? { at: 'terminated' } : state, orders: [] }
  }
  if (input.type === 'request again') {
    return { state, orders: state.at === 'proceeding' ? [resend(state.last)] : [] }
  }
  if (input.type !== 'respond') return { state, orders: [] }
  const { response } = input
  if (response.status < 200) return { state: { at: 'proceeding', last: response }, orders: [send(response)] }
  if (tx.reliable) return { state: { at: 'terminated' }, orders: [send(response)] }
  return { state: { at: 'completed', response }, orders: [send(response), start('J', 64 * tx.timers.t1Ms)] }
}
