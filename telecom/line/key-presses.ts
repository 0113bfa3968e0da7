import type { Clock } from '#platform/time'
import type { DialogRequest } from '#telecom/sip'
import { DIGIT_TYPES, readInfoDigit } from './info-digit.ts'
import type { DigitMethod } from './line-event.ts'

/** The same key reported by two ways within this time is one press. */
const SAME_PRESS_MS = 400

export interface KeyPress {
  digit: string
  durationMs: number
  method: DigitMethod
}

/** The keys of one phone, however it reports them. Some report a press by two ways at once: it counts once. */
export class KeyPresses {
  readonly #clock: Clock
  readonly #pressed: (press: KeyPress) => void
  #last: { digit: string; method: DigitMethod; atMs: number } | undefined

  constructor(clock: Clock, pressed: (press: KeyPress) => void) {
    this.#clock = clock
    this.#pressed = pressed
  }

  report(press: KeyPress): void {
    const { digit, durationMs, method } = press
    const atMs = this.#clock.monotonicMs()
    const last = this.#last
    if (last && last.method !== method && last.digit === digit && atMs - last.atMs < SAME_PRESS_MS + durationMs) return
    this.#last = { digit, method, atMs }
    this.#pressed(press)
  }

  /** RFC 6086; key presses in the two bodies that phones send. An empty INFO is a sign of life. */
  info(info: DialogRequest) {
    const { request } = info
    const type = request.contentType?.type
    if (request.headers.has('info-package')) return info.respond(469, { headers: { 'Recv-Info': '' } })
    if (request.body.length === 0) return info.respond(200)
    if (type === undefined || !DIGIT_TYPES.includes(type))
      return info.respond(415, { headers: { Accept: `application/sdp, ${DIGIT_TYPES.join(', ')}` } })
    info.respond(200)
    const press = readInfoDigit(type, request.body.toString('latin1'))
    if (press) this.report({ ...press, method: 'info' })
  }
}
