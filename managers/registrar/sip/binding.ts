import type { Timestamp } from '#platform/time'

/** A registered contact: where a phone is, over which flow it is reached, and until when that holds. */
export interface Binding {
  id: string
  customer_id: string
  extension_id: string
  /** The contact's URI as the phone wrote it. */
  uri: string
  /** Names the flow that the phone registered over; requests to it go back over that flow, never to the URI's address. */
  flow: string
  /** Path values (RFC 3327), as written. */
  path: string[]
  /** `+sip.instance` without brackets; empty where the phone gives none. */
  instance: string
  /** `reg-id` (RFC 5626); 0 where there is none. */
  reg_id: number
  /** 0 to 1000: the q value in thousandths. */
  q: number
  call_id: string
  cseq: number
  user_agent: string
  tm_expire: Timestamp
  tm_create: Timestamp
  tm_update: Timestamp
}

/** One contact of a REGISTER, read and checked. */
export interface WantedContact {
  uri: string
  /** The same for equal URIs (RFC 3261 §19.1.4, as far as phones go). */
  key: string
  instance: string
  reg_id: number
  q: number
  /** 0 removes the binding. */
  expiresSeconds: number
}

/** What a REGISTER wants. */
export type RegisterWish = { type: 'fetch' } | { type: 'clear' } | { type: 'set'; contacts: WantedContact[] }
