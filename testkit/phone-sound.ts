import dgram from 'node:dgram'
import { once } from 'node:events'
import { systemClock, type Timer } from '#platform/time'
import { decodeUlaw } from './tones.ts'

/** An RTP packet as it came: what a capture on the phone's side would show. */
export interface CapturedPacket {
  /** Milliseconds on the machine's monotonic clock. */
  atMs: number
  ssrc: number
  sequence: number
  timestamp: number
  payloadType: number
  marker: boolean
  bytes: number
}

/** The sound of a fake phone: PCMU over RTP, one socket. It keeps what it hears and can send a tone or press keys. */
export class PhoneSound {
  /** Payloads of PCMU packets in the order they came. */
  readonly heard: Buffer[] = []
  /** Every packet in the order it came, telephone events included. */
  readonly captured: CapturedPacket[] = []
  /** Telephone events: the digit of each press whose end came. */
  readonly presses: string[] = []
  #socket!: dgram.Socket
  readonly #timers = new Set<Timer>()
  #target: { address: string; port: number } | undefined
  #sequence = 100
  #timestamp = 16_000
  #version = 0
  #lastEvent = -1
  #closed = false

  private constructor(socket: dgram.Socket) {
    this.#listenOn(socket)
  }

  get port(): number {
    return this.#socket.address().port
  }

  #listenOn(socket: dgram.Socket): void {
    this.#socket = socket
    socket.on('message', (packet) => this.#hear(packet))
    socket.on('error', () => {})
  }

  static async open(): Promise<PhoneSound> {
    const socket = dgram.createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new PhoneSound(socket)
  }

  /** A description of itself. `direction` for hold, `address` for hold of the old kind. */
  offer(
    options: { direction?: string; address?: string; payloads?: string; lines?: string[]; port?: number } = {},
  ): string {
    const {
      direction = 'sendrecv',
      address = '127.0.0.1',
      payloads = '0 8 101',
      lines = [],
      port = this.port,
    } = options
    return [
      'v=0',
      `o=phone 4711 ${++this.#version} IN IP4 127.0.0.1`,
      's=-',
      `c=IN IP4 ${address}`,
      't=0 0',
      `m=audio ${port} RTP/AVP ${payloads}`,
      ...(payloads.includes('101') ? ['a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'] : []),
      ...lines,
      `a=${direction}`,
      '',
    ].join('\r\n')
  }

  /** Sends to where a description says. */
  aimAt(sdp: string): void {
    const address = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1]
    const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1])
    if (address && port > 0) this.#target = { address, port }
  }

  /** Where its sound goes. */
  get target(): { address: string; port: number } | undefined {
    return this.#target
  }

  /** The samples of what it heard (PCMU), from the packet with this number on. */
  samples(from = 0): Int16Array {
    return decodeUlaw(Buffer.concat(this.heard.slice(from)))
  }

  /** How loud each packet was that it heard, 0 to 1 of full scale. */
  loudness(): number[] {
    return this.heard.map((payload) => {
      let sum = 0
      for (const byte of payload) sum += Math.abs(fromMulaw(byte))
      return sum / Math.max(payload.length, 1) / 32_768
    })
  }

  /** Sends a tone of so many packets of 20 ms, in real time; resolves at its end. */
  async sendTone(hz: number, packets: number): Promise<void> {
    const startMs = systemClock.monotonicMs()
    for (let count = 0; count < packets && !this.#closed; count++) {
      const payload = Buffer.alloc(160)
      for (let at = 0; at < 160; at++) {
        payload[at] = toMulaw(Math.round(9_000 * Math.sin((2 * Math.PI * hz * (this.#timestamp + at)) / 8_000)))
      }
      this.#send(0, payload, false)
      this.#timestamp += 160
      await this.#at(startMs + (count + 1) * 20)
    }
  }

  /** Hums on until the function given back is called. */
  hum(hz: number): () => Promise<void> {
    let humming = true
    const hum = async () => {
      while (humming && !this.#closed) await this.sendTone(hz, 5)
    }
    const over = hum()
    return () => {
      humming = false
      return over
    }
  }

  /** Sends from another port from now on, as behind a NAT that forgot the old one; the stream goes on. */
  async rebind(): Promise<void> {
    const socket = dgram.createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    this.#socket.close()
    this.#listenOn(socket)
  }

  /** Presses a key for 100 ms (RFC 4733: updates, and the end three times). */
  async press(digit: string, payloadType = 101): Promise<void> {
    const event = '0123456789*#ABCD'.indexOf(digit)
    for (let step = 1; step <= 7; step++) {
      const isEnd = step >= 5
      const duration = Math.min(step, 5) * 160
      this.#send(payloadType, Buffer.from([event, (isEnd ? 0x80 : 0) | 10, duration >> 8, duration & 255]), step === 1)
      await this.#at(systemClock.monotonicMs() + (isEnd ? 1 : 20))
    }
    this.#timestamp += 1_600
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const timer of this.#timers) timer.cancel()
    this.#socket.close()
  }

  #at(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = systemClock.after(ms - systemClock.monotonicMs(), () => {
        this.#timers.delete(timer)
        resolve()
      })
      this.#timers.add(timer)
    })
  }

  #send(payloadType: number, payload: Buffer, marker: boolean): void {
    if (!this.#target || this.#closed) return
    const header = Buffer.alloc(12)
    header[0] = 0x80
    header[1] = (marker ? 0x80 : 0) | payloadType
    header.writeUInt16BE(this.#sequence++ & 0xffff, 2)
    header.writeUInt32BE(this.#timestamp >>> 0, 4)
    header.writeUInt32BE(0x1234_5678, 8)
    this.#socket.send(Buffer.concat([header, payload]), this.#target.port, this.#target.address)
  }

  #hear(packet: Buffer): void {
    if (packet.length < 12) return
    const type = (packet[1] ?? 0) & 0x7f
    this.captured.push({
      atMs: systemClock.monotonicMs(),
      ssrc: packet.readUInt32BE(8),
      sequence: packet.readUInt16BE(2),
      timestamp: packet.readUInt32BE(4),
      payloadType: type,
      marker: (packet[1] ?? 0) > 127,
      bytes: packet.length,
    })
    if (type === 0) this.heard.push(packet.subarray(12))
    if (type !== 101 || packet.length < 16 || ((packet[13] ?? 0) & 0x80) === 0) return
    const timestamp = packet.readUInt32BE(4)
    if (timestamp === this.#lastEvent) return
    this.#lastEvent = timestamp
    this.presses.push('0123456789*#ABCD'[packet[12] ?? 0] ?? '?')
  }
}

/** G.711 µ-law of one sample. */
function toMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0
  const magnitude = Math.min(Math.abs(sample), 32_635) + 132
  let exponent = 7
  for (let mask = 0x4000; exponent > 0 && (magnitude & mask) === 0; mask >>= 1) exponent--
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff
}

function fromMulaw(byte: number): number {
  const value = ~byte & 0xff
  const magnitude = (((value & 0x0f) << 3) + 132) << ((value >> 4) & 7)
  return (value & 0x80) === 0 ? magnitude - 132 : 132 - magnitude
}
