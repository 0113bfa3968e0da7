import type { RecordedMessage } from './call-record.ts'
import { maskSecrets } from './mask-secrets.ts'

/** Kept at most, per call: half of it for how it began, half for how it ends. */
export const MOST_MESSAGES = 200
export const MOST_BYTES = 64 * 1024
/** Of one message. */
export const LONGEST_MESSAGE = 8 * 1024

/** A message as it came; without its secrets as soon as somebody has asked for it, once. */
interface Kept {
  message: RecordedMessage
  /** What it repeats. */
  first?: Kept
  masked?: RecordedMessage
}

interface Half {
  messages: Kept[]
  bytes: number
}

/**
 * The messages of one call within their bound: the first ones, because most calls fail while they are set up, and the latest
 * ones. A message that is the same as an earlier one of the same direction is a repetition and takes no more bytes.
 */
export class MessageRing {
  readonly #first: Half = { messages: [], bytes: 0 }
  readonly #latest: Half = { messages: [], bytes: 0 }
  dropped = 0

  /** In the order in which they were on the wire, without their secrets. Each is masked once, whoever asks how often. */
  get messages(): RecordedMessage[] {
    return [...this.#first.messages, ...this.#latest.messages].map(masked)
  }

  get size(): number {
    return this.#first.messages.length + this.#latest.messages.length
  }

  add(message: RecordedMessage): void {
    const first = this.#sameAs(message)
    const kept: Kept = first ? { first, message: { ...message, text: first.message.text, again: true } } : { message }
    const bytes = first ? 0 : message.text.length
    if (this.dropped === 0 && this.#latest.messages.length === 0 && fits(this.#first, bytes))
      push(this.#first, kept, bytes)
    else {
      push(this.#latest, kept, bytes)
      while (!fits(this.#latest, 0)) this.#dropOldest()
    }
  }

  #dropOldest(): void {
    const gone = this.#latest.messages.shift()
    if (!gone) return
    this.dropped++
    if (!gone.first) this.#latest.bytes -= gone.message.text.length
  }

  /** Repetitions come soon after what they repeat. */
  #sameAs({ direction, text }: RecordedMessage): Kept | undefined {
    const near = this.#latest.messages.length > 0 ? this.#latest.messages : this.#first.messages
    for (let at = near.length - 1, looked = 0; at >= 0 && looked < 12; at--, looked++) {
      const before = near[at]
      if (before && before.message.direction === direction && before.message.text === text)
        return before.first ?? before
    }
    return undefined
  }
}

function fits({ messages, bytes }: Half, more: number): boolean {
  const room = more > 0 ? messages.length < MOST_MESSAGES / 2 : messages.length <= MOST_MESSAGES / 2
  return room && bytes + more <= MOST_BYTES / 2
}

function masked(kept: Kept): RecordedMessage {
  kept.masked ??= {
    ...kept.message,
    text: kept.first ? masked(kept.first).text : maskSecrets(kept.message.text),
  }
  return kept.masked
}

function push(half: Half, kept: Kept, bytes: number): void {
  half.messages.push(kept)
  half.bytes += bytes
}
