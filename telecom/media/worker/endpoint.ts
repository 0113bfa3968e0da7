import { isIP, isIPv6, SocketAddress } from 'node:net'
import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'
import { estimateMos } from '#telecom/rtp'
import { codecs } from '../codecs/index.ts'
import type { EndpointStatistics, MediaEvent } from '../media-event.ts'
import { Prompt } from '../prompt/prompt.ts'
import type { SoundLibrary } from '../prompt/sound-library.ts'
import type { EndpointSpec, Sending } from '../wanted-media.ts'
import { Bridge } from './bridge.ts'
import { ControlChannel } from './control-channel.ts'
import { IncomingStream } from './incoming-stream.ts'
import { Keypad } from './keypad.ts'
import { Liveness } from './liveness.ts'
import { OutgoingStream } from './outgoing-stream.ts'
import { LEFT_OUT, RelayTimeline } from './relay-timeline.ts'
import type { Tap } from './tap.ts'
import { type DistantListener, LONGEST_PAYLOAD, type VoicePacket, type VoiceSource } from './voice-packet.ts'

const SAMPLES_PER_MS = 8
const LONGEST_TICK_SAMPLES = 160
/** So much later than due a relayed packet may come before silence is sent in its place. */
const PATIENCE_MS = 15
const SHORTEST_PRESS_MS = 40
const LONGEST_PRESS_MS = 10_000
const PRESS_GAP_MS = 80
/** Where every bridge of this thread decodes; nothing is kept in it. */
const scratch = new Int16Array(LONGEST_PAYLOAD)

/** Puts datagrams on the wire. */
export interface Wire {
  rtp(packet: Buffer, bytes: number, address: string, port: number): void
  rtcp(packet: Buffer, bytes: number, address: string, port: number): void
}

export interface EndpointNeeds {
  id: string
  wire: Wire
  clock: Clock
  ids: Ids
  library: SoundLibrary
  on: (event: MediaEvent) => void
  /** Moves its next tick right behind that time of the clock, and gives when it comes. */
  align: (earliestMs: number) => number
}

/**
 * One line's sound: what comes in, what goes out, and what it was told to be. It owns no socket and no timer: datagrams
 * and ticks are handed to it.
 */
export class Endpoint implements DistantListener {
  readonly #needs: EndpointNeeds
  readonly #incoming: IncomingStream
  readonly #outgoing: OutgoingStream
  readonly #control: ControlChannel
  readonly #keypad = new Keypad()
  readonly #relay = new RelayTimeline(scratch)
  readonly #liveness = new Liveness()
  readonly #heard = new Int16Array(LONGEST_TICK_SAMPLES)
  readonly #frame = new Int16Array(LONGEST_TICK_SAMPLES)
  #spec: EndpointSpec | undefined
  #sends = false
  #plays = false
  #prompt: Prompt | undefined
  #promptId: string | undefined
  #bridge: Bridge | undefined
  #peer: string | undefined
  /** When a packet was relayed last. */
  #relayedMs = 0
  /** Nothing is being relayed: the tick sends. */
  #ticking = true
  /** The last tick sent nothing because it was early. */
  #waited = false
  #tickedMs = 0
  /** When it is ticked next. */
  #dueMs = 0
  /** Its ticks come at other times than before. */
  #retimed = true
  #started = false
  #address = ''
  #port = 0
  #rtcpAddress = ''
  #rtcpPort = 0

  constructor(needs: EndpointNeeds) {
    this.#needs = needs
    const { ids, wire } = needs
    this.#incoming = new IncomingStream((digit, durationMs, method) =>
      needs.on({ type: 'digit', digit, durationMs: Math.round(durationMs), method }),
    )
    // half of the number space, so that a stream does not wrap in its first seconds (some receivers mind)
    const start = { ssrc: ids.integer(2 ** 32), sequence: ids.integer(2 ** 15), timestamp: ids.integer(2 ** 31) }
    this.#outgoing = new OutgoingStream(start, (packet, bytes) => wire.rtp(packet, bytes, this.#address, this.#port))
    this.#control = new ControlChannel({
      incoming: this.#incoming,
      outgoing: this.#outgoing,
      cname: Buffer.from(ids.bytes(12)).toString('base64'),
      random: () => ids.integer(1_000) / 1_000,
      send: (packet, bytes) => wire.rtcp(packet, bytes, this.#rtcpAddress, this.#rtcpPort),
    })
  }

  /** How often it wants to be ticked: packets of odd tens of milliseconds need a finer step. */
  get tickMs(): number {
    return this.#spec && this.#spec.ptimeMs % 20 !== 0 ? 10 : 20
  }

  /** What it hears, for whoever sends it on. */
  get voice(): VoiceSource {
    return this.#incoming
  }

  /** The endpoint that it hears for its party. */
  get peer(): string | undefined {
    return this.#peer
  }

  /** Whether anything has been wanted yet. */
  get wanted(): boolean {
    return this.#spec !== undefined
  }

  /** Becomes what is wanted; an older version than the present one is ignored. */
  want(spec: EndpointSpec): void {
    const before = this.#spec
    if (before && spec.version <= before.version) return
    const tickMs = this.tickMs
    this.#spec = spec
    this.#retimed ||= tickMs !== this.tickMs
    const nowMs = this.#needs.clock.monotonicMs()
    if (!before) this.#begin(nowMs)
    const newSdp = !before || spec.sdpVersion !== before.sdpVersion || !sameRemote(spec.remote, before.remote)
    if (newSdp) this.#expect(spec)
    const receiving = spec.direction === 'sendrecv' || spec.direction === 'recvonly'
    this.#sends = spec.direction === 'sendrecv' || spec.direction === 'sendonly'
    this.#incoming.configure({
      codec: codecs[spec.codec],
      payloadType: spec.payloadTypeReceive,
      telephoneEvents: telephoneEvents(spec),
      receiving,
    })
    this.#outgoing.configure(codecs[spec.codec], spec.payloadTypeSend, spec.ptimeMs * SAMPLES_PER_MS)
    const inband = receiving && spec.telephoneEventReceive === null
    this.#plays = inband || spec.sending.kind === 'echo'
    this.#incoming.play(this.#plays, inband)
    this.#liveness.watch(spec.deadMediaMs, spec.direction === 'sendrecv', nowMs)
    this.#send(spec.sending)
  }

  /** Time begins when the first thing is wanted. */
  #begin(nowMs: number): void {
    this.#tickedMs = nowMs
    this.#outgoing.pass(0, nowMs)
  }

  /** From now on this one listens in; `undefined` = nobody. */
  tap(tap: Tap | undefined): void {
    this.#incoming.tap(tap)
    this.#outgoing.tap(tap)
  }

  #expect(spec: EndpointSpec): void {
    const { remote } = spec
    const usable = remote && isIP(remote.address) > 0 && remote.port > 0 && remote.port < 65_536
    this.#address = usable ? canonical(remote.address) : ''
    this.#port = usable ? remote.port : 0
    const expected = usable ? { address: this.#address, port: this.#port } : undefined
    this.#incoming.expect(expected, spec.signallingAddress && canonical(spec.signallingAddress))
    this.#rtcpAddress = this.#address
    this.#rtcpPort = usable ? (remote.rtcpPort ?? Math.min(remote.port + 1, 65_535)) : 0
  }

  #send(sending: Sending): void {
    this.#listenTo(sending.kind === 'bridge' ? sending.peer : undefined)
    if (sending.kind === 'prompt' && sending.prompt_id === this.#promptId) return
    this.#stopPrompt()
    if (sending.kind !== 'prompt') return
    this.#promptId = sending.prompt_id
    this.#prompt = new Prompt(sending.parts, sending.loop ?? false, {
      library: this.#needs.library,
      press: () => (this.#spec?.telephoneEventSend === null ? undefined : this.#pressForPrompt),
    })
  }

  #pressForPrompt = (key: string, holdSamples: number, gapSamples: number): void => {
    this.#keypad.press(key, holdSamples, gapSamples, true)
  }

  #listenTo(peer: string | undefined): void {
    if (peer !== this.#peer) {
      this.#peer = peer
      this.#bridge = peer === undefined ? undefined : this.#makeBridge()
      this.#relay.restart()
      this.#ticking = true
    }
    const { ptimeMs = 20, telephoneEventSend = null } = this.#spec ?? {}
    this.#bridge?.configure(ptimeMs * SAMPLES_PER_MS, this.tickMs * SAMPLES_PER_MS, telephoneEventSend !== null)
  }

  #makeBridge(): Bridge {
    const { clock } = this.#needs
    return new Bridge(scratch, {
      relay: (packet, muted) => this.#relayPacket(packet, muted),
      align: (samples) => this.#align(clock.monotonicMs() + samples / SAMPLES_PER_MS),
      untilRead: () => Math.max(0, (this.#dueMs - clock.monotonicMs()) * SAMPLES_PER_MS),
      count: (drop) => this.#incoming.count(drop),
    })
  }

  #align(earliestMs: number): void {
    this.#dueMs = this.#needs.align(earliestMs)
    this.#retimed = true
  }

  /** A packet of the peer. */
  hear(packet: VoicePacket): void {
    try {
      this.#bridge?.hear(packet)
    } catch {
      // it is the peer's socket that calls: a fault here is not to be its own
      this.failed()
    }
  }

  /** Packets of the peer came too fast from another worker and are lost. */
  overrun(packets: number): void {
    this.#incoming.count('patch_overrun', packets)
  }

  #relayPacket(packet: VoicePacket, muted: boolean): void {
    if (!this.#sends || this.#port === 0 || this.#keypad.holding || this.#keypad.sounding) return
    const nowMs = this.#needs.clock.monotonicMs()
    this.#outgoing.flush()
    const timestamp = this.#relay.place(packet, this.#outgoing.timestamp, this.#outgoing.at(nowMs))
    if (timestamp === LEFT_OUT) {
      this.#incoming.count('ahead_of_time')
      return
    }
    this.#outgoing.relay(packet, timestamp, this.#ticking, muted)
    this.#ticking = false
    this.#relayedMs = nowMs
  }

  /** Presses a key for the far end, over whatever is sent; keys wait for each other. */
  press(key: string, durationMs: number): void {
    const holdMs = Math.min(Math.max(durationMs, SHORTEST_PRESS_MS), LONGEST_PRESS_MS)
    this.#keypad.press(key, Math.round(holdMs * SAMPLES_PER_MS), PRESS_GAP_MS * SAMPLES_PER_MS)
  }

  #stopPrompt(): void {
    const prompt = this.#prompt
    if (prompt) {
      this.#keypad.forgetPrompt()
      this.#finishPrompt(prompt)
    }
    this.#promptId = undefined
  }

  #finishPrompt(prompt: Prompt): void {
    this.#prompt = undefined
    prompt.close()
    const { outcome, unreadable } = prompt
    this.#needs.on({ type: 'prompt_finished', prompt_id: this.#promptId ?? '', outcome, unreadable })
  }

  /** A datagram came to the RTP port. */
  receiveRtp(packet: Buffer, address: string, port: number): void {
    const nowMs = this.#needs.clock.monotonicMs()
    const what = this.#incoming.receive(packet, address, port, nowMs)
    if (what === 'dropped') return
    if (what === 'rtcp') {
      this.receiveRtcp(packet, address, port)
      return
    }
    if (what === 'moved') this.#follow(address, port)
    if (!this.#started) {
      this.#started = true
      this.#needs.on({ type: 'media_started', address, port })
    }
    if (this.#liveness.heard(nowMs)) this.#needs.on({ type: 'media_resumed' })
  }

  /** Sound goes back to where it comes from (symmetric RTP), whatever stands in the SDP. */
  #follow(address: string, port: number): void {
    if (!this.#spec?.remote || (address === this.#address && port === this.#port)) return
    this.#address = address
    this.#port = port
    this.#rtcpAddress = address
    this.#rtcpPort = Math.min(port + 1, 65_535)
  }

  /** A datagram came to the RTCP port. */
  receiveRtcp(packet: Buffer, address: string, port: number): void {
    const { source } = this.#incoming
    const believed = source.address === '' ? this.#spec?.remote?.address : source.address
    if (address !== believed) {
      this.#incoming.count('rtcp_foreign')
      return
    }
    const { clock } = this.#needs
    if (!this.#control.receive(packet, clock.monotonicMs(), clock.wallMs())) {
      this.#incoming.count('rtcp_malformed')
      return
    }
    if (this.#spec?.remote && address === this.#address && port !== this.#port) this.#rtcpPort = port
    if (this.#liveness.heard(clock.monotonicMs())) this.#needs.on({ type: 'media_resumed' })
  }

  /** A socket of it complained. */
  socketFailed(): void {
    this.#incoming.count('socket_error')
  }

  /** A datagram could not be handled at all. */
  failed(): void {
    this.#incoming.count('internal_error')
  }

  /** `tickMs` have passed, plus `missed` ticks that came too late to be made up for. */
  tick(missed: number): void {
    const spec = this.#spec
    if (!spec) return
    const { clock } = this.#needs
    const nowMs = clock.monotonicMs()
    const count = this.tickMs * SAMPLES_PER_MS
    this.#pass(count, missed, nowMs)
    if (this.#plays) this.#incoming.read(this.#heard, count)
    this.#transmit(spec, count, nowMs)
    this.#incoming.tick(nowMs)
    const silentMs = this.#liveness.tick(nowMs)
    if (silentMs !== undefined) this.#needs.on({ type: 'media_lost', silentMs })
    if (this.#rtcpPort > 0) this.#control.tick(nowMs, clock.wallMs())
  }

  #pass(count: number, missed: number, nowMs: number): void {
    const passed = this.#retimed ? Math.round((nowMs - this.#tickedMs) * SAMPLES_PER_MS) : count * (1 + missed)
    this.#outgoing.pass(passed, nowMs)
    if (missed > 0 && this.#ticking) this.#outgoing.skip(0)
    this.#retimed = false
    this.#tickedMs = nowMs
    this.#dueMs = nowMs + this.tickMs
  }

  #transmit(spec: EndpointSpec, count: number, nowMs: number): void {
    const sends = this.#sends && this.#port > 0
    const early = sends && this.#isEarly(count)
    this.#waited = early
    if (!early) this.#fill(spec.sending, count)
    this.#keypad.begin(spec.telephoneEventSend !== null)
    const { holding, sounding } = this.#keypad
    const step = this.#keypad.next(count)
    if (sends && step && spec.telephoneEventSend !== null) this.#outgoing.event(spec.telephoneEventSend, step)
    if (sounding) this.#keypad.sound(this.#frame, count)
    if (!sends || holding || sounding || !this.#relays(nowMs)) this.#ticking = true
    if (!this.#ticking || (early && !holding)) return
    if (sends && !holding) this.#outgoing.voice(this.#frame, count)
    else this.#outgoing.skip(count)
  }

  /**
   * Relayed packets were ahead of this tick: what it would send has been sent, and what it would play is played next time.
   * Not twice in a row, so that nobody hears a hole.
   */
  #isEarly(count: number): boolean {
    return this.#ticking && !this.#waited && !this.#keypad.busy && this.#outgoing.ahead >= count
  }

  /** Whether the peer's packets go out as they come, and do come. */
  #relays(nowMs: number): boolean {
    if (this.#ticking || !this.#bridge?.relaying) return false
    return nowMs - this.#relayedMs < (this.#spec?.ptimeMs ?? 0) + PATIENCE_MS
  }

  #fill(sending: Sending, count: number): void {
    if (sending.kind === 'echo') this.#frame.set(this.#heard)
    else if (this.#bridge) this.#bridge.read(this.#frame, count)
    else if (this.#prompt) {
      this.#prompt.fill(this.#frame, count)
      if (this.#prompt.over) this.#finishPrompt(this.#prompt)
    } else this.#frame.fill(0, 0, count)
  }

  statistics(): EndpointStatistics {
    const { reception, dropped } = this.#incoming
    const { roundTripMs, remote } = this.#control
    const loss = reception.expected === 0 ? 0 : reception.lost / reception.expected
    return {
      sent: { packets: this.#outgoing.packets, octets: this.#outgoing.octets },
      received: {
        packets: reception.packets,
        octets: reception.octets,
        lost: reception.lost,
        duplicates: reception.duplicates,
        reordered: reception.reordered,
      },
      loss,
      jitterMs: reception.jitterMs,
      roundTripMs,
      remote,
      mos: estimateMos(loss, reception.jitterMs, roundTripMs ?? 0),
      dropped: { ...dropped },
    }
  }

  /** Says goodbye; nothing follows the statistics. */
  close(): void {
    const { clock } = this.#needs
    this.#stopPrompt()
    if (this.#rtcpPort > 0) this.#control.report(clock.monotonicMs(), clock.wallMs(), true)
    this.#needs.on({ type: 'statistics', statistics: this.statistics() })
  }
}

/** An address as sockets report it: IPv6 may be written in many ways. */
function canonical(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address
}

/** Keys are taken under either number: some phones send with the one that they were offered. */
function telephoneEvents(spec: EndpointSpec): number[] {
  const { telephoneEventReceive: receive, telephoneEventSend: send } = spec
  if (receive === null) return []
  return send === null || send === spec.payloadTypeReceive ? [receive] : [receive, send]
}

function sameRemote(a: EndpointSpec['remote'], b: EndpointSpec['remote']): boolean {
  return a === b || (a !== null && b !== null && a.address === b.address && a.port === b.port)
}
