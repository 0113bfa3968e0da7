import { keyOfEvent } from './telephone-event.ts'

const CLOCK_PER_MS = 8
/** An event without a sign of life for so long is over: its end packets were lost. */
const LOST_END_MS = 200
/** A key held this long is reported although it has not been released. */
const LONGEST_KEY_MS = 10_000
const REMEMBERED = 16

interface Current {
  code: number
  /** Timestamp of the newest packet (moves with senders that wrongly change it during an event). */
  timestamp: number
  duration: number
  /** All earlier segments of an event longer than 0xffff units (RFC 4733 §2.5.1.3). */
  before: number
  seenMs: number
}

/**
 * Turns telephone events (RFC 4733 §2.5.2) into keys, each exactly once: an event is known by its timestamp, however
 * often its packets come, in whatever order, and with whichever of them lost.
 */
export class TelephoneEventReceiver {
  readonly #onKey: (key: string, durationMs: number) => void
  #current: Current | undefined
  /** Timestamps of events that are over, newest last: what is late must not become a key again. */
  #over: { code: number; timestamp: number; duration: number }[] = []
  /** Packets that were too short, no key, or about something that is over. */
  ignored = 0

  constructor(onKey: (key: string, durationMs: number) => void) {
    this.#onKey = onKey
  }

  /** Another stream speaks: what was held is over, and its timestamps mean nothing any more. */
  restart(): void {
    this.#finish()
    this.#over = []
  }

  /** Takes one packet. */
  receive(packet: Buffer, offset: number, length: number, timestamp: number, marker: boolean, nowMs: number): void {
    const code = packet[offset] ?? 255
    if (length < 4 || keyOfEvent(code) === undefined) {
      this.ignored++
      return
    }
    const end = (packet[offset + 1] as number) >= 128
    const duration = packet.readUInt16BE(offset + 2)
    if (this.#isOver(code, timestamp, duration, marker)) {
      this.ignored++
      return
    }
    const current = this.#current
    if (current && this.#continues(current, code, timestamp, duration, marker))
      this.#proceed(current, timestamp, duration)
    else if (current && isBefore(timestamp, current.timestamp)) {
      // an older key shows up while a newer one is held: it comes first
      this.#report(code, duration, timestamp)
      return
    } else {
      this.#finish()
      if (this.#isStale(timestamp)) {
        this.ignored++
        return
      }
      this.#current = { code, timestamp, duration, before: 0, seenMs: nowMs }
    }
    if (this.#current) this.#current.seenMs = nowMs
    if (end || this.#heldMs() >= LONGEST_KEY_MS) this.#finish()
  }

  /** Lets time pass; call it every tick. */
  tick(nowMs: number): void {
    if (this.#current && nowMs - this.#current.seenMs >= LOST_END_MS) this.#finish()
  }

  #continues(current: Current, code: number, timestamp: number, duration: number, marker: boolean): boolean {
    if (code !== current.code) return false
    if (timestamp === current.timestamp) return true
    const moved = (timestamp - current.timestamp) | 0
    if (marker || moved < 0) return false
    // the next segment of a long event, or a sender whose timestamp moves although it is one event
    return moved <= current.duration || duration - current.duration === moved
  }

  #proceed(current: Current, timestamp: number, duration: number): void {
    const nextSegment = timestamp !== current.timestamp && duration < current.duration
    if (nextSegment) current.before += current.duration
    current.duration = nextSegment ? duration : Math.max(current.duration, duration)
    current.timestamp = timestamp
  }

  /** Whether the packet belongs to an event that has been reported already. */
  #isOver(code: number, timestamp: number, duration: number, marker: boolean): boolean {
    if (this.#over.some((event) => event.code === code && event.timestamp === timestamp)) return true
    const last = this.#over[this.#over.length - 1]
    if (!last || marker || last.code !== code || this.#current) return false
    const moved = (timestamp - last.timestamp) | 0
    return moved > 0 && moved < last.duration && duration >= last.duration
  }

  /** Whether it is older than a key that has been reported: reporting it now would put keys into a wrong order. */
  #isStale(timestamp: number): boolean {
    const last = this.#over[this.#over.length - 1]
    return last !== undefined && isBefore(timestamp, last.timestamp)
  }

  #heldMs(): number {
    return this.#current ? (this.#current.before + this.#current.duration) / CLOCK_PER_MS : 0
  }

  #finish(): void {
    const current = this.#current
    if (!current) return
    this.#current = undefined
    this.#report(current.code, current.before + current.duration, current.timestamp, current.duration)
  }

  #report(code: number, duration: number, timestamp: number, lastSegment = duration): void {
    this.#over.push({ code, timestamp, duration: lastSegment })
    if (this.#over.length > REMEMBERED) this.#over.shift()
    this.#onKey(keyOfEvent(code) as string, duration / CLOCK_PER_MS)
  }
}

const isBefore = (a: number, b: number) => ((a - b) | 0) < 0
