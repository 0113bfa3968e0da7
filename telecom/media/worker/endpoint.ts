import { isIP, isIPv6, SocketAddress } from 'node:net'
import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'
import { estimateMos } from '#telecom/rtp'
import { MachineDetector } from '../amd/machine-detector.ts'
import { codecs } from '../codecs/index.ts'
import type { EndpointStatistics, MediaEvent } from '../media-event.ts'
import type { SoundLibrary } from '../prompt/sound-library.ts'
import { EndpointStreams } from '../stream/endpoint-streams.ts'
import type { EndpointSpec } from '../wanted-media.ts'
import { ControlChannel } from './control-channel.ts'
import { IncomingStream } from './incoming-stream.ts'
import { Liveness } from './liveness.ts'
import { LONGEST_TICK_SAMPLES, OutgoingSound } from './outgoing-sound.ts'
import { OutgoingStream } from './outgoing-stream.ts'
import type { Tap } from './tap.ts'
import type { DistantListener, VoicePacket, VoiceSource } from './voice-packet.ts'

const SAMPLES_PER_MS = 8

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
  readonly #sound: OutgoingSound
  readonly #streams: EndpointStreams
  readonly #liveness = new Liveness()
  readonly #heard = new Int16Array(LONGEST_TICK_SAMPLES)
  #spec: EndpointSpec | undefined
  #plays = false
  /** Listens for who answered. */
  #detector: MachineDetector | undefined
  #started = false
  #hasSent = false
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
    this.#streams = new EndpointStreams({
      clock: needs.clock,
      on: (event) => {
        needs.on(event)
        this.#remix()
      },
    })
    this.#sound = new OutgoingSound(this.#outgoing, {
      clock: needs.clock,
      library: needs.library,
      on: needs.on,
      count: (drop) => this.#incoming.count(drop),
      isReachable: () => this.#port > 0,
      align: needs.align,
      streams: this.#streams,
    })
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
    return this.#sound.peer
  }

  /** Whether anything has been wanted yet. */
  get wanted(): boolean {
    return this.#spec !== undefined
  }

  /** Becomes what is wanted; an older version than the present one is ignored. */
  want(spec: EndpointSpec): void {
    const before = this.#spec
    if (before && spec.version <= before.version) return
    this.#spec = spec
    const nowMs = this.#needs.clock.monotonicMs()
    const newSdp = !before || spec.sdpVersion !== before.sdpVersion || !sameRemote(spec.remote, before.remote)
    if (newSdp) this.#expect(spec)
    const receiving = spec.direction === 'sendrecv' || spec.direction === 'recvonly'
    const sending = spec.direction === 'sendrecv' || spec.direction === 'sendonly'
    this.#incoming.configure({
      codec: codecs[spec.codec],
      payloadType: spec.payloadTypeReceive,
      telephoneEvents: telephoneEvents(spec),
      receiving,
      muted: spec.mute === 'in' || spec.mute === 'both',
    })
    this.#streams.want(spec.streams)
    this.#play(spec)
    this.#liveness.watch(spec.deadMediaMs, spec.direction === 'sendrecv', nowMs)
    this.#sound.want(spec, sending, this.tickMs, nowMs)
  }

  /** Listens from now on for who answered. */
  detect(): void {
    this.#detector = new MachineDetector((verdict) => {
      this.#detector = undefined
      this.#needs.on({ type: 'answered_by', ...verdict })
      this.#remix()
    })
    this.#remix()
  }

  /** Whether what comes is read with each tick: for keys in the sound, an echo, a program or a detector that hears it. */
  #play(spec: EndpointSpec): void {
    const receiving = spec.direction === 'sendrecv' || spec.direction === 'recvonly'
    const inband = receiving && spec.telephoneEventReceive === null
    const isHeard = this.#streams.active || this.#detector !== undefined
    this.#plays = inband || spec.sending.kind === 'echo' || isHeard
    if (!this.#plays) this.#heard.fill(0)
    this.#incoming.play(this.#plays, inband)
  }

  /** A program has come or gone. */
  #remix(): void {
    if (!this.#spec) return
    this.#play(this.#spec)
    this.#sound.remixed()
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

  /** A packet of the peer. */
  hear(packet: VoicePacket): void {
    try {
      this.#sound.hear(packet)
    } catch {
      // it is the peer's socket that calls: a fault here is not to be its own
      this.failed()
    }
  }

  /** Packets of the peer came too fast from another worker and are lost. */
  overrun(packets: number): void {
    this.#incoming.count('patch_overrun', packets)
  }

  /** Presses a key for the far end, over whatever is sent; keys wait for each other. */
  press(key: string, durationMs: number): void {
    this.#sound.press(key, durationMs)
  }

  /** A datagram came to the RTP port; whether it was accepted as the other side's. */
  receiveRtp(packet: Buffer, address: string, port: number): boolean {
    const nowMs = this.#needs.clock.monotonicMs()
    const what = this.#incoming.receive(packet, address, port, nowMs)
    if (what === 'dropped') return false
    if (what === 'rtcp') return this.receiveRtcp(packet, address, port)
    if (what === 'moved') this.#follow(address, port)
    if (!this.#started) {
      this.#started = true
      this.#needs.on({ type: 'media_started', address, port })
    } else if (what === 'moved') this.#needs.on({ type: 'media_moved', address, port })
    if (this.#liveness.heard(nowMs)) this.#needs.on({ type: 'media_resumed' })
    return true
  }

  /** Sound goes back to where it comes from (symmetric RTP), whatever stands in the SDP. */
  #follow(address: string, port: number): void {
    if (!this.#spec?.remote || (address === this.#address && port === this.#port)) return
    this.#address = address
    this.#port = port
    this.#rtcpAddress = address
    this.#rtcpPort = Math.min(port + 1, 65_535)
  }

  /** A datagram came to the RTCP port; whether it was accepted as the other side's. */
  receiveRtcp(packet: Buffer, address: string, port: number): boolean {
    const { source } = this.#incoming
    const believed = source.address === '' ? this.#spec?.remote?.address : source.address
    if (address !== believed) {
      this.#incoming.count('rtcp_foreign')
      return false
    }
    const { clock } = this.#needs
    if (!this.#control.receive(packet, clock.monotonicMs(), clock.wallMs())) {
      this.#incoming.count('rtcp_malformed')
      return false
    }
    if (this.#spec?.remote && address === this.#address && port !== this.#port) this.#rtcpPort = port
    if (this.#liveness.heard(clock.monotonicMs())) this.#needs.on({ type: 'media_resumed' })
    return true
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
    if (!this.#spec) return
    const { clock } = this.#needs
    const nowMs = clock.monotonicMs()
    const samples = this.tickMs * SAMPLES_PER_MS
    if (this.#plays) this.#incoming.read(this.#heard, samples)
    this.#detector?.listen(this.#heard, samples)
    this.#sound.tick(missed, nowMs, this.#heard)
    if (!this.#hasSent && this.#outgoing.packets > 0) {
      this.#hasSent = true
      this.#needs.on({ type: 'media_sending' })
    }
    this.#incoming.tick(nowMs)
    const silentMs = this.#liveness.tick(nowMs)
    if (silentMs !== undefined) this.#needs.on({ type: 'media_lost', silentMs })
    if (this.#rtcpPort > 0) this.#control.tick(nowMs, clock.wallMs())
  }

  statistics(): EndpointStatistics {
    const { reception, dropped } = this.#incoming
    const { roundTripMs, remote, sent, received } = this.#control
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
      rtcp: { sent: { ...sent }, received: { ...received } },
      mos: estimateMos(loss, reception.jitterMs, roundTripMs ?? 0),
      dropped: { ...dropped },
    }
  }

  /** Says goodbye; nothing follows the statistics. */
  close(): void {
    const { clock } = this.#needs
    this.#streams.close()
    this.#sound.stop()
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
