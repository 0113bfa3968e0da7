import type { Line, LineEvent } from '#telecom/line'
import type { RemoteAddress, SipRequest } from '#telecom/sip'
import type { Call } from './call.ts'

/** Which rule let a caller in, and what was dialled (`calls.md` §8). */
export interface MatchedRule {
  /**
   * Which of our domains the INVITE named: anybody's (`sip.…`), the bare address, that of a customer's phones, a trunk's, or
   * that of carriers.
   */
  domain: 'sip' | 'bare' | 'registrar' | 'trunk' | 'pstn'
  dialled: string
  matched: 'number' | 'direct_flow' | 'direct_extension' | 'direct_agent' | 'extension' | 'agent' | 'telephone'
  /** The extension, or by a trunk the domain name, that proved itself; empty for a caller who proved nothing. */
  authenticated: string
  /** The provider whose address the call came from. */
  provider_id?: string
}

/** Why an INVITE was refused before there was a call. */
export const REFUSALS = [
  'scheme_not_served',
  'domain_not_served',
  'not_a_carrier',
  'carriers_not_resolved',
  'blocked_after_wrong_passwords',
  'credentials_refused',
  'address_not_allowed',
  'number_not_found',
  'number_without_flow',
  'loop_detected',
  'too_many_strangers',
  'owner_not_active',
  'insufficient_balance',
  'spending_limit_reached',
  'flow_not_found',
  'session_not_acceptable',
  'platform_unavailable',
] as const
export type Refusal = (typeof REFUSALS)[number]

/** An INVITE that was refused before there was a call. */
export interface RefusedInvite {
  /** Whose it would have been. */
  customer_id: string
  refusal: Refusal
  status: number
  request: SipRequest
  source: RemoteAddress
}

/**
 * Who ends a call that is neither its phone nor its flow. The last three: its next interval could not be paid, or would have
 * passed a limit, or for too long nobody could say whether it may go on.
 */
export const END_ASKERS = [
  ...(['api', 'master', 'transfer', 'account_closed', 'platform_stop'] as const),
  ...(['balance_exhausted', 'spending_limit', 'billing_unavailable'] as const),
] as const
export type EndAsker = (typeof END_ASKERS)[number]

/** What a witness may know of a leg, and ask of it. */
export type WitnessedLine = Pick<Line, 'id' | 'dialog' | 'codec' | 'capture'>

/**
 * Hears what becomes of calls, so that an account of each can be given. It is told at once and in order, on the way of every
 * call: it is quick, waits for nothing and never throws.
 */
export interface CallWitness {
  refused(refused: RefusedInvite): void
  /** The call exists from now on; nothing of its own has been sent over this line yet. */
  began(call: Call, line: WitnessedLine, rule?: MatchedRule): void
  /** Another way to the callee is dialled, with a dialog of its own. */
  redialled(call_id: string, line: WitnessedLine): void
  lineSaid(call_id: string, event: LineEvent, codec: string | undefined): void
  endAsked(call_id: string, by: EndAsker): void
  /** Nobody could be called for it, for this reason of the catalogue. */
  connectRefused(call_id: string, reason: string): void
  /** The record is final; told once or more. */
  over(call: Call): void
}
