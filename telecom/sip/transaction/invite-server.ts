/**
 * INVITE server transaction: RFC 3261 §17.2.1, figure 7, with the Accepted state of RFC 6026 §7.1. A pure machine;
 * `runner.ts` obeys it. A 2xx is resent by the dialog (§13.3.1.4), not here.
 */
import type { SipRequest } from '../message/message.ts'
import type { Timers } from '../timers.ts'
import { type Machine, resend, type Step, send, start, stop, type TimerName, tell, type WithStatus } from './step.ts'

export type State<Response> =
  /** Without `last` nothing has been said yet. */
  | { readonly at: 'proceeding'; readonly last?: Response }
  | { readonly at: 'accepted' }
  | { readonly at: 'completed'; readonly response: Response; readonly resendAfterMs: number }
  | { readonly at: 'confirmed' }
  | { readonly at: 'terminated' }

export type Input<Response> =
  | { readonly type: 'invite again' }
  | { readonly type: 'ack'; readonly ack: SipRequest }
  | { readonly type: 'respond'; readonly response: Response }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transport failed'; readonly error: Error }

export type Tell =
  /** An ACK that came with the branch of an INVITE that was answered 2xx: it is the dialog's. */
  | { readonly type: 'ack'; readonly ack: SipRequest }
  /** H: nobody acknowledged our final answer. */
  | { readonly type: 'no ack' }
  | { readonly type: 'transport failed'; readonly error: Error }

export interface InviteServer {
  readonly reliable: boolean
  readonly timers: Timers
}

type ServerStep<Response> = Step<State<Response>, Response, Tell>

export function inviteServer<Response extends WithStatus>(
  tx: InviteServer,
): Machine<State<Response>, Input<Response>, Response, Tell> {
  return { begin, next: (state, input) => next(tx, state, input) }
}

export function begin<Response>(): ServerStep<Response> {
  return { state: { at: 'proceeding' }, orders: [] }
}

export function next<Response extends WithStatus>(
  tx: InviteServer,
  state: State<Response>,
  input: Input<Response>,
): ServerStep<Response> {
  switch (state.at) {
    case 'proceeding':
      return whileProceeding(tx, state, input)
    case 'accepted':
      return whileAccepted(state, input)
    case 'completed':
      return whileCompleted(tx, state, input)
    case 'confirmed': {
      const over = input.type === 'timer' && input.timer === 'I'
      return { state: over ? { at: 'terminated' } : state, orders: [] }
    }
    case 'terminated':
      return { state, orders: [] }
  }
}

/** A repeated INVITE gets the last provisional answer again. */
function whileProceeding<Response extends WithStatus>(
  tx: InviteServer,
  state: State<Response> & { at: 'proceeding' },
  input: Input<Response>,
): ServerStep<Response> {
  if (input.type === 'invite again') return { state, orders: state.last ? [resend(state.last)] : [] }
  if (input.type === 'transport failed') return { state, orders: [tell(input)] }
  if (input.type !== 'respond') return { state, orders: [] }
  const { response } = input
  const { t1Ms } = tx.timers
  if (response.status < 200) return { state: { at: 'proceeding', last: response }, orders: [send(response)] }
  if (response.status < 300) {
    return { state: { at: 'accepted' }, orders: [send(response), start('L', 64 * t1Ms)] }
  }
  const orders = [send(response), start('H', 64 * t1Ms)]
  return {
    state: { at: 'completed', response, resendAfterMs: t1Ms },
    orders: tx.reliable ? orders : [...orders, start('G', t1Ms)],
  }
}

/** RFC 6026 §7.1: repeated INVITEs are absorbed, the dialog's repetitions of the 2xx pass, ACKs go up, L ends it. */
function whileAccepted<Response extends WithStatus>(
  state: State<Response>,
  input: Input<Response>,
): ServerStep<Response> {
  if (input.type === 'respond' && input.response.status >= 200 && input.response.status < 300) {
    return { state, orders: [resend(input.response)] }
  }
  if (input.type === 'ack') return { state, orders: [tell(input)] }
  return input.type === 'timer' && input.timer === 'L'
    ? { state: { at: 'terminated' }, orders: [] }
    : { state, orders: [] }
}

/** A 300 to 699 is resent on G, doubling up to T2, and for each repeated INVITE, until its ACK comes or H gives up. */
function whileCompleted<Response>(
  tx: InviteServer,
  state: State<Response> & { at: 'completed' },
  input: Input<Response>,
): ServerStep<Response> {
  if (input.type === 'invite again') return { state, orders: [resend(state.response)] }
  if (input.type === 'ack') {
    if (tx.reliable) return { state: { at: 'terminated' }, orders: [] }
    return { state: { at: 'confirmed' }, orders: [stop('G'), stop('H'), start('I', tx.timers.t4Ms)] }
  }
  if (input.type === 'timer' && input.timer === 'G') {
    const resendAfterMs = Math.min(state.resendAfterMs * 2, tx.timers.t2Ms)
    return { state: { ...state, resendAfterMs }, orders: [resend(state.response), start('G', resendAfterMs)] }
  }
  if (input.type === 'timer' && input.timer === 'H') {
    return { state: { at: 'terminated' }, orders: [tell({ type: 'no ack' })] }
  }
  if (input.type === 'transport failed') return { state, orders: [tell(input)] }
  return { state, orders: [] }
}
