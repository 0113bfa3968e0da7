import type { SipRequest } from '#telecom/sip'

/**
 * How often a call has left the platform for a carrier. Max-Forwards does not survive a carrier that answers and calls anew, so
 * that a number that leads to itself would call for ever; carriers pass unknown headers on, or are stopped by the balance.
 */
export const HOPS_HEADER = 'X-Strowger-Hops'
export const MOST_HOPS = 5
/** Of an INVITE that does not say (RFC 3261 §8.1.1.6). */
export const MAX_FORWARDS = 70

/** How far a call has come: what is called for it, by whichever way, goes on from there. */
export interface Travelled {
  hops: number
  /** What is left of the Max-Forwards of its INVITE. */
  max_forwards: number
}

/** 0 where the call has never been here, or nothing readable says so. */
export function hopsOf({ headers }: Pick<SipRequest, 'headers'>): number {
  const text = headers.get(HOPS_HEADER.toLowerCase())?.trim() ?? ''
  return /^\d{1,3}$/.test(text) ? Number(text) : 0
}

/** What an INVITE says about it. */
export function travelledBy(request: Pick<SipRequest, 'headers'>): Travelled {
  const text = request.headers.get('max-forwards')?.trim() ?? ''
  return { hops: hopsOf(request), max_forwards: /^\d{1,3}$/.test(text) ? Number(text) : MAX_FORWARDS }
}
