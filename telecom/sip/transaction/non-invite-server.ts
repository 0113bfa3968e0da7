/** Non-INVITE server transaction: RFC 3261 §17.2.2, figure 8. A pure machine; `runner.ts` obeys it. */
import type { Timers } from '../timers.ts'
import { type Machine, resend, type Step, send, start, type TimerName, tell, type WithStatus } from './step.ts'

export type State<Response> =
  | { readonly at: 'trying' }
  | { readonly at: 'proceeding'; readonly last: Response }
  | { readonly at: 'completed'; readonly response: Response }
  | { readonly at: 'terminated' }

export type Input<Response> =
  | { readonly type: 'request again' }
  | { readonly type: 'respond'; readonly response: Response }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transport failed'; readonly error: Error }

export type Tell = { readonly type: 'transport failed'; readonly error: Error }

export interface NonInviteServer {
  readonly reliable: boolean
  readonly timers: Timers
}

type ServerStep<Response> = Step<State<Response>, Response, Tell>

export function nonInviteServer<Response extends WithStatus>(
  tx: NonInviteServer,
): Machine<State<Response>, Input<Response>, Response, Tell> {
  return { begin, next: (state, input) => next(tx, state, input) }
}

export function begin<Response>(): ServerStep<Response> {
  return { state: { at: 'trying' }, orders: [] }
}

export function next<Response extends WithStatus>(
  tx: NonInviteServer,
  state: State<Response>,
  input: Input<Response>,
): ServerStep<Response> {
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
