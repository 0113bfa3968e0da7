/** For tests: the other end of the wire, with real sockets. */
import dgram from 'node:dgram'
import { once } from 'node:events'
import { systemClock } from '#platform/time'
import { emptyRtpHeader, parseRtp, type RtpHeader, writeRtpHeader } from '#telecom/rtp'
import { decodeAlaw, decodeUlaw, freePort } from '#testkit'
import { codecs } from './codecs/index.ts'
import type { CodecName } from './index.ts'

export interface Heard {
  header: RtpHeader
  payload: Buffer
  atMs: number
}

/** A socket that keeps every packet. */
export class Phone {
  readonly socket = dgram.createSocket('udp4')
  readonly packets: Heard[] = []
  #sequence = 40_000
  #timestamp = 0
  port = 0

  static async open(): Promise<Phone> {
    const phone = new Phone()
    phone.socket.bind(0, '127.0.0.1')
    await once(phone.socket, 'listening')
    phone.port = phone.socket.address().port
    phone.socket.on('message', (packet) => {
      const header = emptyRtpHeader()
      if (!parseRtp(packet, header)) return
      const payload = Buffer.from(packet.subarray(header.payloadOffset))
      phone.packets.push({ header, payload, atMs: systemClock.monotonicMs() })
    })
    return phone
  }

  send(to: { port: number }, payload: Buffer, payloadType = 0): void {
    const packet = Buffer.concat([Buffer.alloc(12), payload])
    writeRtpHeader(packet, payloadType, false, this.#sequence, this.#timestamp, 4_711)
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.#timestamp += payload.length
    this.socket.send(packet, to.port, '127.0.0.1')
  }

  /** Everything heard from packet `from` on, as samples. */
  heard(codec: CodecName, from = 0): Int16Array {
    const voice = this.packets.slice(from).filter(({ header }) => header.payloadType === codecs[codec].payloadType)
    const octets = Buffer.concat(voice.map(({ payload }) => payload))
    return codec === 'PCMU' ? decodeUlaw(octets) : decodeAlaw(octets)
  }
}

/** The first of `count` UDP ports that are likely free: an even one, somewhere. */
export async function freeRange(count: number): Promise<{ first: number; last: number }> {
  const port = Math.min((await freePort('udp')) & ~1, 65_534 - count)
  return { first: port, last: port + count - 1 }
}
