import type { Clock } from '#platform/time'
import { codecs } from '../codecs/index.ts'
import type { MediaEvent } from '../media-event.ts'
import type { SoundLibrary } from '../prompt/sound-library.ts'
import type { EndpointStreams } from '../stream/endpoint-streams.ts'
import type { EndpointSpec } from '../wanted-media.ts'
import { Bridge } from './bridge.ts'
import type { Drop } from './incoming-stream.ts'
import { Keypad } from './keypad.ts'
import type { OutgoingStream } from './outgoing-stream.ts'
import { PromptSlot } from './prompt-slot.ts'
import { LEFT_OUT, RelayTimeline } from './relay-timeline.ts'
import { LONGEST_PAYLOAD, type VoicePacket } from './voice-packet.ts'

const SAMPLES_PER_MS = 8
export const LONGEST_TICK_SAMPLES = 160
/** So much later than due a relayed packet may come before silence is sent in its place. */
const PATIENCE_MS = 15
const SHORTEST_PRESS_MS = 40
const LONGEST_PRESS_MS = 10_000
const PRESS_GAP_MS = 80
/** Where every bridge of this thread decodes; nothing is kept in it. */
const scratch = new Int16Array(LONGEST_PAYLOAD)
/** Where voices go that nobody hears. */
const unheard = new Int16Array(LONGEST_TICK_SAMPLES)

export interface OutgoingSoundNeeds {
  clock: Clock
  library: SoundLibrary
  on: (event: MediaEvent) => void
  count: (drop: Drop) => void
  /** Whether it is known where to send to. */
  isReachable: () => boolean
  /** Moves the next tick right behind that time of the clock, and gives when it comes. */
  align: (earliestMs: number) => number
  /** Programs that hear and speak here. */
  streams: EndpointStreams
}

/**
 * What the one outgoing stream carries: silence, a prompt, an echo or what a peer says, a cover in place of those, and keys over all of them. The tick
 * sends, but for relayed packets: those leave as they come, and the tick only sees that they do.
 */
export class OutgoingSound {
  readonly #needs: OutgoingSoundNeeds
  readonly #stream: OutgoingStream
  readonly #streams: EndpointStreams
  readonly #keypad = new Keypad()
  readonly #relay = new RelayTimeline(scratch)
  readonly #frame = new Int16Array(LONGEST_TICK_SAMPLES)
  #spec: EndpointSpec | undefined
  #allowed = false
  /** What is sent, and what sounds in its place. */
  readonly #prompt: PromptSlot
  readonly #cover: PromptSlot
  #bridge: Bridge | undefined
  #peer: string | undefined
  /** When a packet was relayed last. */
  #relayedMs = 0
  /** Nothing is being relayed: the tick sends. */
  #ticking = true
  /** The last tick sent nothing because it was early. */
  #waited = false
  #tickMs = 20
  #tickedMs = 0
  /** When the next tick comes. */
  #dueMs = 0
  /** Ticks come at other times than before. */
  #retimed = true

  constructor(stream: OutgoingStream, needs: OutgoingSoundNeeds) {
    this.#stream = stream
    this.#needs = needs
    this.#streams = needs.streams
    const press = () => (this.#spec?.telephoneEventSend === null ? undefined : this.#pressForPrompt)
    const { library, on } = needs
    this.#prompt = new PromptSlot({ library, on, press, cutOff: () => this.#keypad.forgetPrompt() })
    this.#cover = new PromptSlot({ library, on, press, cutOff: () => {} })
  }

  /** The endpoint that is heard for our party. */
  get peer(): string | undefined {
    return this.#peer
  }

  get #sends(): boolean {
    return this.#allowed && this.#needs.isReachable()
  }

  /** The party is to hear nothing. */
  get #isMuted(): boolean {
    const mute = this.#spec?.mute
    return mute === 'out' || mute === 'both'
  }

  /** Becomes what is wanted, as far as `allowed` by the direction, ticked every `tickMs` from now on. */
  want(spec: EndpointSpec, allowed: boolean, tickMs: number, nowMs: number): void {
    if (!this.#spec) {
      // time begins
      this.#tickedMs = nowMs
      this.#stream.pass(0, nowMs)
    }
    this.#retimed ||= tickMs !== this.#tickMs
    this.#tickMs = tickMs
    this.#spec = spec
    this.#allowed = allowed
    this.#stream.configure(codecs[spec.codec], spec.payloadTypeSend, spec.ptimeMs * SAMPLES_PER_MS)
    this.#send(spec)
  }

  /** What is covered waits: a prompt where it is, a conversation unheard. */
  #send(spec: EndpointSpec): void {
    const { sending, cover } = spec
    this.#listenTo(!cover && sending.kind === 'bridge' ? sending.peer : undefined)
    const takesEvents = spec.telephoneEventSend !== null
    this.#bridge?.configure(
      spec.ptimeMs * SAMPLES_PER_MS,
      this.#tickMs * SAMPLES_PER_MS,
      takesEvents,
      this.#streams.active,
    )
    this.#prompt.want(sending)
    this.#cover.want(cover)
  }

  #pressForPrompt = (key: string, holdSamples: number, gapSamples: number): void => {
    this.#keypad.press(key, holdSamples, gapSamples, true)
  }

  /** Ends what is played. */
  stop(): void {
    this.#prompt.stop()
    this.#cover.stop()
  }

  #listenTo(peer: string | undefined): void {
    if (peer === this.#peer) return
    this.#peer = peer
    this.#bridge = peer === undefined ? undefined : this.#makeBridge()
    this.#relay.restart()
    this.#ticking = true
  }

  #makeBridge(): Bridge {
    const { clock, count } = this.#needs
    return new Bridge(scratch, {
      relay: (packet, muted) => this.#relayPacket(packet, muted),
      align: (samples) => this.#align(clock.monotonicMs() + samples / SAMPLES_PER_MS),
      untilRead: () => Math.max(0, (this.#dueMs - clock.monotonicMs()) * SAMPLES_PER_MS),
      count,
    })
  }

  #align(earliestMs: number): void {
    this.#dueMs = this.#needs.align(earliestMs)
    this.#retimed = true
  }

  /** A packet of the peer. */
  hear(packet: VoicePacket): void {
    this.#bridge?.hear(packet)
  }

  #relayPacket(packet: VoicePacket, muted: boolean): void {
    if (!this.#sends || this.#keypad.holding || this.#keypad.sounding) return
    const nowMs = this.#needs.clock.monotonicMs()
    this.#stream.flush()
    const timestamp = this.#relay.place(packet, this.#stream.timestamp, this.#stream.at(nowMs))
    if (timestamp === LEFT_OUT) {
      this.#needs.count('ahead_of_time')
      return
    }
    this.#stream.relay(packet, timestamp, this.#ticking, muted || this.#isMuted)
    this.#ticking = false
    this.#relayedMs = nowMs
  }

  /** Presses a key over whatever is sent; keys wait for each other. */
  press(key: string, durationMs: number): void {
    const holdMs = Math.min(Math.max(durationMs, SHORTEST_PRESS_MS), LONGEST_PRESS_MS)
    this.#keypad.press(key, Math.round(holdMs * SAMPLES_PER_MS), PRESS_GAP_MS * SAMPLES_PER_MS)
  }

  /** What is mixed in has changed. */
  remixed(): void {
    const spec = this.#spec
    if (spec) this.#send(spec)
  }

  /** A tick, and `missed` more that came too late to be made up for. `heard` = what the party said meanwhile. */
  tick(missed: number, nowMs: number, heard: Int16Array): void {
    const spec = this.#spec
    if (!spec) return
    const count = this.#tickMs * SAMPLES_PER_MS
    this.#pass(count, missed, nowMs)
    const early = this.#sends && this.#isEarly(count)
    this.#waited = early
    if (early) this.#frame.fill(0)
    else this.#fill(spec, count, heard)
    this.#keypad.begin(spec.telephoneEventSend !== null)
    const { holding, sounding } = this.#keypad
    const step = this.#keypad.next(count)
    if (this.#sends && step && spec.telephoneEventSend !== null) this.#stream.event(spec.telephoneEventSend, step)
    if (sounding) this.#keypad.sound(this.#frame, count)
    if (this.#isMuted) this.#frame.fill(0)
    if (this.#streams.active) this.#mix(spec, heard, count)
    if (!this.#sends || holding || sounding || !this.#relays(spec, nowMs)) this.#ticking = true
    if (!this.#ticking || (early && !holding)) return
    if (this.#sends && !holding) this.#stream.voice(this.#frame, count)
    else this.#stream.skip(count)
  }

  #pass(count: number, missed: number, nowMs: number): void {
    const passed = this.#retimed ? Math.round((nowMs - this.#tickedMs) * SAMPLES_PER_MS) : count * (1 + missed)
    this.#stream.pass(passed, nowMs)
    if (missed > 0 && this.#ticking) this.#stream.skip(0)
    this.#retimed = false
    this.#tickedMs = nowMs
    this.#dueMs = nowMs + this.#tickMs
  }

  /**
   * Relayed packets were ahead of this tick: what it would send has been sent, and what it would play is played next time.
   * Not twice in a row, so that nobody hears a hole.
   */
  #isEarly(count: number): boolean {
    return this.#ticking && !this.#waited && !this.#keypad.busy && this.#stream.ahead >= count
  }

  /** Whether the peer's packets go out as they come, and do come. */
  #relays(spec: EndpointSpec, nowMs: number): boolean {
    if (this.#ticking || !this.#bridge?.relaying) return false
    return nowMs - this.#relayedMs < spec.ptimeMs + PATIENCE_MS
  }

  /** Programs hear both sides, and their voices come in, unless the party is to hear something else or nothing. */
  #mix({ cover }: EndpointSpec, heard: Int16Array, count: number): void {
    this.#streams.hear(heard, this.#frame, count)
    const isHeard = !cover && !this.#isMuted
    this.#streams.mixInto(isHeard ? this.#frame : unheard, count)
  }

  #fill({ sending, cover }: EndpointSpec, count: number, echo: Int16Array): void {
    if (cover) this.#cover.fill(this.#frame, count)
    else if (sending.kind === 'echo') this.#frame.set(echo)
    else if (this.#bridge) this.#bridge.read(this.#frame, count)
    else this.#prompt.fill(this.#frame, count)
  }
}
