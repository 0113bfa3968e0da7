/**
 * Phones that talk to each other through a relay: each packet is marked and looked for at the other end. They stand behind
 * one address, as behind a NAT: a socket for each would cost the generator more than the relay has to do.
 */
import dgram from 'node:dgram'
import { once } from 'node:events'
import { systemClock } from '#platform/time'
import { writeRtpHeader } from '#telecom/rtp'
import { Samples } from '../samples.ts'
import { options, say } from './report.ts'

export interface RtpLoad {
  /** The relay's RTP ports of each call's two ends. */
  ports: readonly (readonly [number, number])[]
  packetMs: readonly [number, number]
  warmUpMs: number
  measureMs: number
}

/** First `{ warm: true }`, then the figures. */
export type RtpSaid = { warm: true } | RtpFigures

export interface RtpFigures {
  packets: number
  lost: number
  delayMs: number
  delayP99Ms: number
}

const HEADER = 12
const SILENCE = 0xff
/** Speech, as loudness goes: in silence a relay may correct its timing by leaving packets out. */
const SPEECH = 0x20
const MARK = 0x90
const DIGIT = 0xa0
/** Where a jitter buffer is measured it needs silence to adapt in: so many packets for one that is marked. */
const MARKED_OF_PROCESSED = 5
const BASE = 64
const REMEMBERED = BASE * BASE
/** Marks stand where packets begin, of whatever length. */
const STEP = 80
/** What was sent so shortly before the end may still be on its way. */
const ON_ITS_WAY_MS = 300

/** One direction of one call. */
interface Way {
  to: number
  packet: Buffer
  packetMs: number
  /** How much longer the other end's packets are: that delay is asked for. */
  longerMs: number
  sequence: number
  dueMs: number
  sentMs: Float64Array
  peer: Way | undefined
}

const { ports, packetMs, warmUpMs, measureMs } = options<RtpLoad>()
const relayed = packetMs[0] === packetMs[1]
const filling = relayed ? SPEECH : SILENCE
const delays = new Samples()
const startMs = performance.now() + 50
const fromMs = startMs + warmUpMs
const untilMs = fromMs + measureMs - ON_ITS_WAY_MS
let sent = 0
let received = 0

const socket = await openSocket()
const ways: Way[] = []
/** By the relay's port. */
const byPort = new Map<number, Way>()
for (const [call, [a, b]] of ports.entries()) {
  const there = way(a, packetMs[0], packetMs[1], call)
  const back = way(b, packetMs[1], packetMs[0], call + 0.5)
  there.peer = back
  back.peer = there
  ways.push(there, back)
}
let warm = false
turn()

async function openSocket(): Promise<dgram.Socket> {
  const opened = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20, lookup: literal })
  const listening = once(opened, 'listening')
  opened.bind(0, '127.0.0.1')
  await listening
  opened.on('error', () => {})
  opened.on('message', (packet, from) => {
    const way = byPort.get(from.port)
    if (way) hear(way, packet)
  })
  return opened
}

/** Nothing asks a name server. */
function literal(address: string, _: unknown, looked: (error: null, address: string, family: number) => void): void {
  looked(null, address, 4)
}

function way(to: number, packetMs: number, otherMs: number, at: number): Way {
  const made: Way = {
    ...{ to, packetMs, sequence: 0, peer: undefined },
    packet: Buffer.alloc(HEADER + packetMs * 8, filling),
    longerMs: Math.max(0, otherMs - packetMs),
    dueMs: startMs + (((at * 20) / ports.length) % packetMs),
    sentMs: new Float64Array(REMEMBERED),
  }
  byPort.set(to, made)
  return made
}

/** Sends all that is due and sleeps until the next is. */
function turn(): void {
  const nowMs = performance.now()
  if (!warm && nowMs >= fromMs) {
    warm = true
    say({ warm } satisfies RtpSaid)
  }
  if (nowMs >= untilMs + ON_ITS_WAY_MS) {
    finish()
    return
  }
  for (const way of ways) while (way.dueMs <= nowMs) speak(way)
  systemClock.after(1, turn)
}

function speak(way: Way): void {
  const mark = way.sequence % REMEMBERED
  const { packet } = way
  const marked = relayed || way.sequence % MARKED_OF_PROCESSED === 0
  writeRtpHeader(packet, 0, way.sequence === 0, way.sequence & 0xffff, way.sequence * way.packetMs * 8, way.to)
  packet[HEADER] = marked ? MARK : filling
  packet[HEADER + 1] = marked ? DIGIT + Math.floor(mark / BASE) : filling
  packet[HEADER + 2] = marked ? DIGIT + (mark % BASE) : filling
  const nowMs = performance.now()
  if (marked) way.sentMs[mark] = nowMs
  if (marked && isMeasured(nowMs)) sent++
  way.sequence++
  way.dueMs += way.packetMs
  // a copy: the socket may still hold this one when the next is written
  socket.send(Buffer.from(packet), way.to, '127.0.0.1')
}

function hear(way: Way, packet: Buffer): void {
  const { peer } = way
  if (!peer || packet.length < HEADER || ((packet[1] ?? 0) & 0x7f) !== 0) return
  const nowMs = performance.now()
  for (let at = HEADER; at < packet.length; at += STEP) {
    if (packet[at] !== MARK) continue
    const mark = ((packet[at + 1] ?? 0) - DIGIT) * BASE + (packet[at + 2] ?? 0) - DIGIT
    const sentMs = peer.sentMs[mark] ?? 0
    if (!isMeasured(sentMs)) continue
    peer.sentMs[mark] = 0
    received++
    delays.add(nowMs + (at - HEADER) / 8 - sentMs - peer.longerMs)
  }
}

function isMeasured(ms: number): boolean {
  return ms >= fromMs && ms < untilMs
}

function finish(): void {
  const { median } = delays
  say({
    packets: sent,
    lost: sent - received,
    delayMs: median,
    delayP99Ms: delays.percentile(0.99),
  } satisfies RtpSaid)
}
