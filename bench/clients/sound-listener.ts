/** Calls a number that speaks, on several lines at once, and looks how late each RTP packet comes. */
import dgram from 'node:dgram'
import { once } from 'node:events'
import { systemClock } from '#platform/time'
import { Samples } from '../samples.ts'
import { options, say } from './report.ts'
import { Uac } from './uac.ts'

export interface SoundListener {
  port: number
  service: string
  calls: number
  listenMs: number
}

export interface SoundFigures {
  packets: number
  lost: number
  latenessMs: number
  latenessP99Ms: number
  answered: number
}

const CLOCK_PER_MS = 8

const { port, service, calls, listenMs } = options<SoundListener>()
const uac = await Uac.open(port)
const lines = await Promise.all(Array.from({ length: calls }, openLine))
let answered = 0
for (const line of lines) {
  uac.call(service, line.socket.address().port, {
    answered: () => answered++,
    over: () => {},
  })
  await new Promise<void>((resolve) => systemClock.after(13, resolve))
}
await new Promise<void>((resolve) => systemClock.after(listenMs, resolve))
say(figures())

/** A socket for sound and what came there: pairs of arrival and media time. */
async function openLine() {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const offsets: number[] = []
  const sequences = new Set<number>()
  socket.on('error', () => {})
  socket.on('message', (packet) => {
    if (packet.length < 12 || ((packet[1] ?? 0) & 0x7f) !== 0) return
    sequences.add(packet.readUInt16BE(2))
    offsets.push(performance.now() - packet.readUInt32BE(4) / CLOCK_PER_MS)
  })
  return { socket, offsets, sequences }
}

/** Lateness counts from the earliest packet of its line. */
function figures(): SoundFigures {
  const lateness = new Samples()
  let lost = 0
  for (const { offsets, sequences } of lines) {
    if (sequences.size === 0) continue
    const earliest = Math.min(...offsets)
    for (const offset of offsets) lateness.add(offset - earliest)
    lost += missing(sequences)
  }
  const { count, median } = lateness
  return { packets: count, lost, latenessMs: median, latenessP99Ms: lateness.percentile(0.99), answered }
}

/** Sequence numbers that never came between the first and the last; a wrap of 16 bits is unfolded. */
function missing(sequences: Set<number>): number {
  const wraps = sequences.has(0) && sequences.has(65_535)
  const unfolded = [...sequences].map((sequence) => (wraps && sequence < 32_768 ? sequence + 65_536 : sequence))
  return Math.max(...unfolded) - Math.min(...unfolded) + 1 - sequences.size
}
