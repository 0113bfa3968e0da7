import type { Endpoint } from './address.ts'
import { FLAG, tcpPacket } from './packet.ts'

const EMPTY = Buffer.alloc(0)

/** What one side of a connection sends next. */
interface Side {
  sequence: number
}

/**
 * The TCP connections of a capture: for payloads that were sent and received it makes the segments that carry them. A
 * connection begins with a handshake at the moment of its first payload, whoever really opened it and when.
 */
export class Conversations {
  readonly #sides = new Map<string, Side>()

  /** The packets that carry this payload: with the handshake before the first one of a connection. */
  packets(from: Endpoint, to: Endpoint, payload: Uint8Array): Buffer[] {
    const known = this.#sides.get(nameOf(from, to))
    const mine = known ?? this.#open(from, to)
    const theirs = this.#open(to, from)
    const packets = known ? [] : handshake(from, to, mine, theirs)
    packets.push(segment(from, to, mine, theirs, FLAG.push | FLAG.ack, payload))
    mine.sequence += payload.length
    return packets
  }

  #open(from: Endpoint, to: Endpoint): Side {
    const name = nameOf(from, to)
    const side = this.#sides.get(name) ?? { sequence: 0 }
    this.#sides.set(name, side)
    return side
  }
}

function handshake(from: Endpoint, to: Endpoint, mine: Side, theirs: Side): Buffer[] {
  const syn = tcpPacket(from, to, { sequence: mine.sequence, acknowledge: 0, flags: FLAG.syn, payload: EMPTY })
  mine.sequence++
  const both = FLAG.syn | FLAG.ack
  const synAck = tcpPacket(to, from, {
    sequence: theirs.sequence,
    acknowledge: mine.sequence,
    flags: both,
    payload: EMPTY,
  })
  theirs.sequence++
  return [syn, synAck, segment(from, to, mine, theirs, FLAG.ack, EMPTY)]
}

function segment(from: Endpoint, to: Endpoint, mine: Side, theirs: Side, flags: number, payload: Uint8Array): Buffer {
  return tcpPacket(from, to, { sequence: mine.sequence, acknowledge: theirs.sequence, flags, payload })
}

function nameOf(from: Endpoint, to: Endpoint): string {
  return `${from.address} ${from.port} ${to.address} ${to.port}`
}
