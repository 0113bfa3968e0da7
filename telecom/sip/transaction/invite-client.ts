/**
 * INVITE client transaction: RFC 3261 §17.1.1, with the Accepted state of RFC 6026 §7.2.
 *
 * A pure machine: from where we are and what just happened, it says where we go and what to do.
 * It never sends, waits or logs (`runner.ts` does), so one row of the RFC's figure is one line of test.
 */
import type { SipRequest, SipResponse } from '../message/message.ts'
import type { Timers } from '../timers.ts'
import { type ClientInput, type ClientTell, type Machine, resend, type Step, send, start, stop, tell } from './step.ts'

export type State =
  | { readonly at: 'calling'; readonly resendAfterMs: number }
  | { readonly at: 'proceeding' }
  | { readonly at: 'accepted' }
  | { readonly at: 'completed'; readonly ack: SipRequest }
  | { readonly at: 'terminated' }

export interface InviteClient {
  readonly invite: SipRequest
  /** Builds the ACK of a 300 to 699 (§17.1.1.3). */
  readonly ackOf: (response: SipResponse) => SipRequest
  readonly reliable: boolean
  readonly timers: Timers
}

type Input = ClientInput<SipResponse>
type InviteStep = Step<State, SipRequest, ClientTell<SipResponse>>

export function inviteClient(tx: InviteClient): Machine<State, Input, SipRequest, ClientTell<SipResponse>> {
  return { begin: () => begin(tx), next: (state, input) => next(tx, state, input) }
}

export function begin(tx: InviteClient): InviteStep {
  const { t1Ms } = tx.timers
  const orders = [send(tx.invite), start('B', 64 * t1Ms)]
  // over TCP the transport resends for us
  return { state: { at: 'calling', resendAfterMs: t1Ms }, orders: tx.reliable ? orders : [...orders, start('A', t1Ms)] }
}

export function next(tx: InviteClient, state: State, input: Input): InviteStep {
  switch (state.at) {
    case 'calling':
      return whileCalling(tx, state, input)
    case 'proceeding':
      return whileProceeding(tx, state, input)
    case 'accepted':
      return whileAccepted(state, input)
    case 'completed':
      return whileCompleted(state, input)
    case 'terminated':
      return { state, orders: [] }
  }
}

/** §17.1.1.2: nothing heard yet. Resend on A, doubling; give up on B. */
function whileCalling(tx: InviteClient, state: State & { at: 'calling' }, input: Input): InviteStep {
  if (input.type === 'timer' && input.timer === 'A') {
    const resendAfterMs = state.resendAfterMs * 2
    return { state: { at: 'calling', resendAfterMs }, orders: [resend(tx.invite), start('A', resendAfterMs)] }
  }
  if (input.type === 'timer' && input.timer === 'B') {
    return { state: { at: 'terminated' }, orders: [tell({ type: 'timeout' })] }
  }
  return whileProceeding(tx, state, input)
}

/** A provisional answer stops resending; a final one ends the waiting. */
function whileProceeding(tx: InviteClient, state: State, input: Input): InviteStep {
  if (input.type === 'transport failed') return { state: { at: 'terminated' }, orders: [tell(input)] }
  if (input.type === 'timer') return { state, orders: [] }
  const { response } = input
  const silence = [stop('A'), stop('B')]
  if (response.status < 200) return { state: { at: 'proceeding' }, orders: [...silence, tell(input)] }
  if (response.status < 300) {
    return { state: { at: 'accepted' }, orders: [...silence, start('M', 64 * tx.timers.t1Ms), tell(input)] }
  }
  const ack = tx.ackOf(response)
  const orders = [...silence, send(ack), tell(input)]
  if (tx.reliable) return { state: { at: 'terminated' }, orders }
  return { state: { at: 'completed', ack }, orders: [...orders, start('D', tx.timers.timerDMs)] }
}

/** RFC 6026 §7.2: every further 2xx, a repetition or another fork's, goes up; M ends it. */
function whileAccepted(state: State, input: Input): InviteStep {
  if (input.type === 'response' && input.response.status >= 200 && input.response.status < 300) {
    return { state, orders: [tell(input)] }
  }
  return input.type === 'timer' && input.timer === 'M'
    ? { state: { at: 'terminated' }, orders: [] }
    : { state, orders: [] }
}

/** A repeated final answer gets our ACK again and goes no further. */
function whileCompleted(state: State & { at: 'completed' }, input: Input): InviteStep {
  if (input.type === 'response' && input.response.status >= 300) return { state, orders: [resend(state.ack)] }
  if (input.type === 'transport failed') return { state: { at: 'terminated' }, orders: [] }
  return input.type === 'timer' && input.timer === 'D'
    ? { state: { at: 'terminated' }, orders: [] }
    : { state, orders: [] }
}
