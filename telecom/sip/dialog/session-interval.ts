import { wholeNumber } from '../message/characters.ts'
import type { HeaderInput } from '../message/headers.ts'
import { readable } from '../message/lenient-list.ts'
import type { SipMessage, SipRequest, SipResponse } from '../message/message.ts'
import { malformed, parseHeaderParameters } from '../message/parameters.ts'
import { SipError } from '../message/sip-error.ts'

/** How long a session may stand without a refresh (RFC 4028), as we want it. */
export interface SessionTimerPolicy {
  /** What we ask for. */
  readonly intervalSeconds: number
  /** The shortest that we take; RFC 4028 §5 allows none below 90. */
  readonly minSeconds: number
}

export const DEFAULT_SESSION_TIMER: SessionTimerPolicy = { intervalSeconds: 1_800, minSeconds: 90 }

/** What both sides have agreed. */
export interface Agreed {
  readonly seconds: number
  /** Whether the refreshes are ours to send. */
  readonly weRefresh: boolean
}

/** Nobody waits longer than a week for a refresh: a longer time is taken for that. */
const MOST_SECONDS = 604_800

interface Wish {
  readonly seconds: number
  readonly refresher: 'uac' | 'uas' | undefined
}

/** Session-Expires; `undefined` where there is none. Throws a `SipError`. */
export function sessionExpiresOf(message: SipMessage): Wish | undefined {
  const value = single(message, 'Session-Expires')
  if (!value) return undefined
  const refresher = value.parameters.get('refresher')?.toLowerCase()
  if (refresher !== undefined && refresher !== 'uac' && refresher !== 'uas')
    throw malformed('Session-Expires', 'its refresher is neither uac nor uas')
  return { seconds: value.seconds, refresher }
}

/** Min-SE; `undefined` where there is none. Throws a `SipError`. */
export function minSeOf(message: SipMessage): number | undefined {
  return single(message, 'Min-SE')?.seconds
}

function single(message: SipMessage, name: string) {
  const [line, ...more] = message.headers.all(name)
  if (line === undefined) return undefined
  if (more.length > 0) throw new SipError('repeated header', `${name} stands there twice`, { header: name })
  const semicolon = line.indexOf(';')
  const end = semicolon < 0 ? line.length : semicolon
  const seconds = wholeNumber(line.slice(0, end).trim(), 999_999_999_999)
  if (seconds === undefined) throw malformed(name, 'it is no number of seconds')
  return { seconds: Math.min(seconds, MOST_SECONDS), parameters: parseHeaderParameters(line, end, name) }
}

export function supportsTimer(message: SipMessage): boolean {
  return [...message.headers.list('supported'), ...message.headers.list('require')].includes('timer')
}

/**
 * §9: the Min-SE of a 422 where the request asks for too short a time and its sender understands such an answer. Throws a
 * `SipError` where anything that the answer will depend on cannot be read, so that the answer itself never does.
 */
export function minSeToRefuse(request: SipRequest, policy: SessionTimerPolicy): number | undefined {
  const wish = sessionExpiresOf(request)
  minSeOf(request)
  const supported = supportsTimer(request)
  const isTooShort = wish !== undefined && wish.seconds < policy.minSeconds
  return isTooShort && supported ? policy.minSeconds : undefined
}

/**
 * §9: what our 2xx to an INVITE or UPDATE says. Who asks without naming a refresher refreshes himself; who understands it and
 * does not ask, or has no timer while one runs, is refreshed by us. `undefined`: no timer.
 */
export function agreeAsUas(
  request: SipRequest,
  policy: SessionTimerPolicy,
  current: Agreed | undefined,
): { agreed: Agreed; headers: HeaderInput } | undefined {
  const wish = sessionExpiresOf(request)
  const supported = supportsTimer(request)
  if (!wish && !supported && !current) return undefined
  const wanted = wish?.seconds ?? current?.seconds ?? policy.intervalSeconds
  const seconds = Math.max(wanted, minSeOf(request) ?? 0, policy.minSeconds)
  const refresher = supported && wish ? (wish.refresher ?? 'uac') : 'uas'
  return {
    agreed: { seconds, weRefresh: refresher === 'uas' },
    headers: {
      'Session-Expires': `${seconds};refresher=${refresher}`,
      ...(supported ? { Require: 'timer' } : {}),
    },
  }
}

/**
 * §7.2: what the 2xx to a request of ours says; without Session-Expires there is no timer. Less than the Min-SE that we sent
 * is taken for that.
 */
export function agreeAsUac(response: SipResponse, policy: SessionTimerPolicy): Agreed | undefined {
  const said = readable(() => sessionExpiresOf(response))
  return said && { seconds: Math.max(said.seconds, policy.minSeconds), weRefresh: said.refresher !== 'uas' }
}

/** What an INVITE or UPDATE of ours asks for. The first one leaves it to the other side who refreshes. */
export function askFor(policy: SessionTimerPolicy, current: Agreed | undefined): HeaderInput {
  const seconds = Math.max(current?.seconds ?? policy.intervalSeconds, policy.minSeconds)
  const refresher = current ? `;refresher=${current.weRefresh ? 'uac' : 'uas'}` : ''
  return { 'Session-Expires': `${seconds}${refresher}`, 'Min-SE': String(policy.minSeconds) }
}

/** §7.3: the least that a 422 allows; `undefined` where it is no reason to try again. */
export function raisedBy(response: SipResponse, policy: SessionTimerPolicy): SessionTimerPolicy | undefined {
  if (response.status !== 422) return undefined
  const least = readable(() => minSeOf(response))
  if (least === undefined || least <= policy.minSeconds) return undefined
  return { intervalSeconds: Math.max(policy.intervalSeconds, least), minSeconds: least }
}
