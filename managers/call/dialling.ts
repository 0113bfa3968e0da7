import { CAUSE, type LineEvent } from '#telecom/line'
import { type Call, isEnding } from './call.ts'
import type { CallEffect } from './call-effect.ts'
import type { WayCarrier } from './way.ts'

type Ended = LineEvent & { type: 'ended' }

/** What a way is, for the decision whether the next one is tried. */
export interface DialledWay {
  carrier?: WayCarrier
}

/** The cause of our own giving up on a callee, which shows as `dialout`; it never reaches the wire. */
export const GIVEN_UP = 0

/** Causes after which no other route is tried: the callee, or we, have decided (`calls.md` §5.4). */
const FINAL_CAUSES: ReadonlySet<number> = new Set([
  ...[CAUSE.normal, CAUSE.busy, CAUSE.noAnswer, CAUSE.rejected, 26],
  ...[CAUSE.timeout, CAUSE.machine],
])

/**
 * The ways to one callee, tried one after the other. The addresses of a host follow each other while nothing answers from
 * there; the routes of a telephone number follow each other for every cause but those that are an answer of the callee. Part
 * of the call's actor: synchronous, no I/O of its own.
 */
export class Dialling {
  readonly #ways: readonly DialledWay[]
  readonly #dialMs: number
  /** Its flow runs as soon as it rings, and would run twice. */
  readonly #isEarly: boolean
  #at = 0
  #isDialled = false
  /** The cause of the last way's end, while the next one is made ready. */
  #before: number | undefined

  constructor(parts: { ways?: readonly DialledWay[]; dialMs: number; isEarly?: boolean }) {
    this.#ways = parts.ways ?? [{}]
    this.#dialMs = parts.dialMs
    this.#isEarly = parts.isEarly ?? false
  }

  /** Dials the way that is ready; how long it may ring is counted anew. */
  dial(): CallEffect[] {
    this.#isDialled = true
    return [{ do: 'dial' }, ...this.#tell({ type: 'began' }), { do: 'start', timer: 'dial', ms: this.#dialMs }]
  }

  answered(): CallEffect[] {
    return this.#tell({ type: 'answered' })
  }

  /**
   * The way in use has ended, with `cause`: what is to be done to try the next one. `undefined`: there is none, or the callee
   * has decided.
   */
  next(call: Call, event: Ended, cause: number): CallEffect[] | undefined {
    if (!this.#isDialled || isEnding(call)) return undefined
    const way = this.#nextWay(call, event, cause)
    if (way === undefined) return undefined
    const told = this.#over(event, cause, true)
    this.#at = way
    this.#before = cause
    return [{ do: 'stop', timer: 'dial' }, ...told, { do: 'redial', way }]
  }

  /** Nothing follows this way. */
  over(event: Ended, cause: number): CallEffect[] {
    return this.#isDialled ? this.#over(event, cause, false) : []
  }

  /** The next way is ready, or cannot be: the cause of the last one's end. `undefined` where none was asked for. */
  prepared(): number | undefined {
    const before = this.#before
    this.#before = undefined
    return before
  }

  #nextWay(call: Call, event: Ended, cause: number): number | undefined {
    const next = this.#at + 1
    if (next >= this.#ways.length) return undefined
    const carrier = this.#ways[this.#at]?.carrier
    const goesOn = carrier ? this.#goesOn(call, carrier, cause) : call.status === 'dialing' && isUnreached(event)
    return goesOn ? next : undefined
  }

  #goesOn(call: Call, { failover_causes }: WayCarrier, cause: number): boolean {
    if (call.status !== 'dialing' && call.status !== 'ringing') return false
    if (this.#isEarly && call.status === 'ringing') return false
    return failover_causes ? failover_causes.includes(cause) : !FINAL_CAUSES.has(cause)
  }

  #over({ status }: Ended, cause: number, isFollowed: boolean): CallEffect[] {
    return this.#tell({ type: 'ended', cause, sip_status: status ?? 0, isFollowed })
  }

  #tell(event: RouteEvent): CallEffect[] {
    const carrier = this.#ways[this.#at]?.carrier
    return carrier ? [{ do: 'note_route', way: this.#at, carrier, event }] : []
  }
}

/** Nobody there has said anything about the callee. */
function isUnreached({ why, status }: Ended): boolean {
  return why === 'no_response' || why === 'unreachable' || status === 503
}

/** What happens to an attempt over a route. */
export type RouteEvent =
  | { type: 'began' }
  | { type: 'answered' }
  /** `sip_status` is 0 where no response ended it; `isFollowed`: another way is tried now. */
  | { type: 'ended'; cause: number; sip_status: number; isFollowed: boolean }
