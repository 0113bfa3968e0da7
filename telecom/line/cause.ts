/**
 * Why a leg ended, as a Q.850 cause, and what that is in SIP. The two mappings are the usual ones of SIP gateways
 * (RFC 3398 in spirit); 200 and 201 are ours and never leave the machine.
 */
export const CAUSE = {
  noRoute: 3,
  normal: 16,
  busy: 17,
  noResponse: 18,
  noAnswer: 19,
  rejected: 21,
  networkFailure: 38,
  temporaryFailure: 41,
  incompatibleMedia: 58,
  timerExpired: 102,
  /** Ours: the longest duration of a call is over, or nothing was heard for too long. */
  timeout: 200,
  /** Ours: an answering machine was detected. */
  machine: 201,
} as const

const SIP_STATUS: Readonly<Record<number, number>> = {
  1: 404,
  2: 404,
  3: 404,
  17: 486,
  18: 408,
  19: 480,
  20: 480,
  21: 403,
  22: 410,
  27: 502,
  28: 484,
  29: 501,
  31: 480,
  34: 503,
  38: 500,
  42: 503,
  58: 488,
  66: 503,
  127: 500,
}

/** The status that ends an unanswered incoming leg for this cause; 603 where the table knows nothing better. */
export function sipStatusOfCause(cause: number): number {
  return SIP_STATUS[cause] ?? 603
}

const CAUSE_OF_STATUS: Readonly<Record<number, number>> = {
  401: 21,
  403: 21,
  404: 1,
  407: 21,
  408: 18,
  409: 41,
  410: 22,
  420: 3,
  480: 19,
  483: 19,
  484: 28,
  485: 1,
  486: 17,
  488: 58,
  500: 38,
  501: 29,
  502: 27,
  504: 102,
  505: 127,
  600: 17,
  603: 21,
  604: 1,
  606: 58,
}

/** The cause of a final response to our INVITE, where the response names none itself. */
export function causeOfSipStatus(status: number): number {
  return CAUSE_OF_STATUS[status] ?? (status >= 500 && status < 600 ? 42 : 127)
}

/** Q.850, non-selected user clearing: somebody else has answered. */
const ANSWERED_ELSEWHERE = 26
/** RFC 3326 §3.1: what tells a phone that it has missed no call. */
const COMPLETED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'

/** `Reason: Q.850;cause=…` (RFC 3326) for what we end; a cause of our own is written as the nearest one of Q.850. */
export function reasonHeader(cause: number): string {
  if (cause === ANSWERED_ELSEWHERE) return `${COMPLETED_ELSEWHERE}, Q.850;cause=${cause}`
  return `Q.850;cause=${cause === CAUSE.timeout ? CAUSE.timerExpired : cause > 127 ? CAUSE.normal : cause}`
}

/** The Q.850 cause that a Reason header names; `undefined` where there is none. Values of other protocols are passed over. */
export function causeOfReason(values: readonly string[]): number | undefined {
  for (const value of values) {
    const [protocol = '', ...parameters] = value.split(';')
    if (protocol.trim().toLowerCase() !== 'q.850') continue
    for (const parameter of parameters) {
      const [name = '', text = ''] = parameter.split('=')
      if (name.trim().toLowerCase() !== 'cause') continue
      const cause = Number(text)
      if (/^\s*\d{1,3}\s*$/.test(text) && cause <= 127) return cause
    }
  }
  return undefined
}
