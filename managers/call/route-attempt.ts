import { uuidOfName } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { Call } from './call.ts'
import type { CallEffect } from './call-effect.ts'

export const ROUTE_OUTCOMES = ['dialing', 'answered', 'failed', 'failed_over'] as const
export type RouteOutcome = (typeof ROUTE_OUTCOMES)[number]

/** One attempt to reach a number over a route, as it is kept. */
export interface RouteAttemptRecord {
  id: string
  customer_id: string
  call_id: string
  /** 1, 2, … */
  attempt: number
  route_id: string
  provider_id: string
  /** `failed_over`: another way was tried after it. An attempt that a crash cut off stays `dialing`. */
  outcome: RouteOutcome
  /** Of the response that ended it; 0 where none did. */
  sip_status: number
  /** Q.850; 0 where we gave up waiting, and while it is not over. */
  cause: number
  tm_create: Timestamp
  tm_end: Timestamp | null
}

/** The attempts of one call, from what its actor says of them. */
export class RouteAttempts {
  readonly #now: () => Timestamp
  #current: RouteAttemptRecord | undefined

  constructor(now: () => Timestamp) {
    this.#now = now
  }

  /** The record as it is now. */
  note(call: Call, { carrier, event }: CallEffect & { do: 'note_route' }): RouteAttemptRecord {
    const before = this.#current
    const attempt =
      !before || event.type === 'began' ? newAttempt(call, carrier, (before?.attempt ?? 0) + 1, this.#now()) : before
    this.#current = { ...attempt, ...this.#outcomeOf(event, attempt) }
    return this.#current
  }

  #outcomeOf(
    event: (CallEffect & { do: 'note_route' })['event'],
    { outcome }: RouteAttemptRecord,
  ): Partial<RouteAttemptRecord> {
    switch (event.type) {
      case 'began':
        return {}
      case 'answered':
        return { outcome: 'answered' }
      case 'ended': {
        const { cause, sip_status, isFollowed } = event
        const ended = isFollowed ? 'failed_over' : 'failed'
        return { cause, sip_status, tm_end: this.#now(), outcome: outcome === 'answered' ? outcome : ended }
      }
    }
  }
}

function newAttempt(
  { id: call_id, customer_id }: Call,
  { route_id, provider_id }: { route_id: string; provider_id: string },
  attempt: number,
  tm_create: Timestamp,
): RouteAttemptRecord {
  return {
    id: uuidOfName(`route:${call_id}:${attempt}`),
    ...{ customer_id, call_id, attempt, route_id, provider_id },
    ...{ outcome: 'dialing', sip_status: 0, cause: 0, tm_create, tm_end: null },
  }
}
