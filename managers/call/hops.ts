import type { SipRequest } from '#telecom/sip'

/**
 * How often a call has left the platform for a carrier. Max-Forwards does not survive a carrier that answers and calls anew, so
 * that a number that leads to itself would call for ever; carriers pass unknown headers on, or are stopped by the balance.
 */
export const HOPS_HEADER = 'X-Strowger-Hops'
export const MOST_HOPS = 5

/** 0 where the call has never been here, or nothing readable says so. */
export function hopsOf({ headers }: Pick<SipRequest, 'headers'>): number {
  const text = headers.get(HOPS_HEADER.toLowerCase())?.trim() ?? ''
  return /^\d{1,3}$/.test(text) ? Number(text) : 0
}
