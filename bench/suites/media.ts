import { freePort } from '#testkit'
import { RtpEngine } from '../baselines/rtpengine.ts'
import type { MediaCalls, MediaSaid } from '../clients/media-engine.ts'
import type { RtpFigures, RtpLoad, RtpSaid } from '../clients/rtp-load.ts'
import type { SoundFigures, SoundListener } from '../clients/sound-listener.ts'
import { Program } from '../program.ts'
import { type Row, row } from '../row.ts'
import { processorMs, type Stage } from '../stage.ts'
import { progress, type Suite } from '../suite.ts'

const CALLS = 20
const LISTEN_MS = 8_000
const TEXT =
  'This is a long announcement that is read to twenty callers at once, so that the time between its packets can be ' +
  'looked at. It goes on for a good while, says nothing of interest, and ends when everybody has heard enough of it.'

/** Numbers of calls that are tried. */
const RELAYED = [50, 100, 150, 200, 250, 300, 350, 400, 500, 600] as const
const PROCESSED = [25, 50, 75, 100, 125, 150, 200, 250, 300, 400] as const
const SAME = [20, 20] as const
const DIFFERENT = [40, 20] as const
const MOST_DELAY_MS = 20
/** Buffers have found their delay by then. */
const WARM_UP_MS = 2_200
const MEASURE_MS = 3_300
/** A number of calls counts as too many when it fails so often. */
const TRIES = 2

/** How much sound passes, what it costs, and how evenly it leaves. */
export const media: Suite = {
  rows: ['media.relay_calls', 'media.processed_calls', 'media.cpu_per_100_calls', 'media.tick_lateness_ms'],
  async run(getStage, wanted) {
    const rows: Row[] = []
    if (wanted('media.relay_calls')) rows.push(await mostCalls('media.relay_calls', RELAYED, SAME))
    if (wanted('media.processed_calls')) rows.push(await mostCalls('media.processed_calls', PROCESSED, DIFFERENT))
    if (wanted('media.cpu_per_100_calls')) rows.push(await processorTime())
    if (wanted('media.tick_lateness_ms')) rows.push(await tickLateness(await getStage()))
    return rows
  },
}

interface Passed extends RtpFigures {
  /** Processor time of the relay while it was measured, in percent of one core. */
  percent: number
  tickLatenessP99Ms?: number | undefined
}

/** The largest of these numbers that passes without loss, found by halving. */
async function mostCalls(name: string, numbers: readonly number[], packetMs: readonly [number, number]): Promise<Row> {
  let most = 0
  let best: Passed | undefined
  let low = 0
  for (let high = numbers.length; low < high; ) {
    const middle = (low + high) >> 1
    const calls = numbers[middle] ?? 0
    const passed = await passes(calls, packetMs)
    if (passed) {
      most = calls
      best = passed
      low = middle + 1
    } else high = middle
  }
  const mode = packetMs[0] === packetMs[1] ? 'relayed' : 'through jitter buffer and tick'
  const method =
    `calls of two phones, ${packetMs.join(' and ')} ms per packet, both talking all the time, ${mode}: the largest of ` +
    `${numbers.join(', ')} without a lost packet and with p99 of the added delay under ${MOST_DELAY_MS} ms for ` +
    `${MEASURE_MS / 1_000} s; there ${best?.packets ?? 0} packets, delay ${best?.delayMs.toFixed(2)} ms, p99 ` +
    `${best?.delayP99Ms.toFixed(2)} ms, the load generator's scheduling included, ticks late by ${best?.tickLatenessP99Ms} ms at p99, ${best?.percent.toFixed(0)} % of a core`
  return row(name, most, 'calls', method)
}

async function passes(calls: number, packetMs: readonly [number, number]): Promise<Passed | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const passed = await throughEngine(calls, packetMs)
    progress(`    ${calls} calls: ${passed.lost} of ${passed.packets} lost, p99 ${passed.delayP99Ms.toFixed(1)} ms`)
    if (passed.lost === 0 && passed.delayP99Ms < MOST_DELAY_MS) return passed
  }
  return undefined
}

async function throughEngine(calls: number, packetMs: readonly [number, number]): Promise<Passed> {
  const settings: MediaCalls = { calls, packetMs, ports: await portRange(calls) }
  const engine = new Program<MediaSaid>('clients/media-engine.ts', settings)
  try {
    const opened = await engine.next()
    if (!('ports' in opened)) throw new Error('the media engine did not say its ports')
    const passed = await load(engine.pid, opened.ports, packetMs)
    engine.tell()
    const said = await engine.next()
    return { ...passed, tickLatenessP99Ms: 'tickLatenessP99Ms' in said ? said.tickLatenessP99Ms : undefined }
  } finally {
    await engine.stop()
  }
}

async function load(pid: number, ports: [number, number][], packetMs: readonly [number, number]): Promise<Passed> {
  const settings: RtpLoad = { ports, packetMs, warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS }
  const phones = new Program<RtpSaid>('clients/rtp-load.ts', settings)
  try {
    await phones.next()
    const before = processorMs([pid])
    const said = await phones.next()
    if (!('packets' in said)) throw new Error('the phones said nothing')
    return { ...said, percent: ((processorMs([pid]) - before) / MEASURE_MS) * 100 }
  } finally {
    await phones.stop()
  }
}

async function processorTime(): Promise<Row> {
  const calls = 100
  const ours = await throughEngine(calls, SAME)
  const rtpengine = await RtpEngine.start(await portRange(calls))
  const method =
    `processor time in percent of one core while 100 calls of two phones are relayed, PCMU of 20 ms both ways: ` +
    `${ours.lost} of ${ours.packets} packets lost, added delay ${ours.delayMs.toFixed(2)} ms, p99 ${ours.delayP99Ms.toFixed(2)} ms`
  if (!rtpengine)
    return row('media.cpu_per_100_calls', ours.percent, '% of a core', `${method}; rtpengine is not installed`)
  try {
    const ports: [number, number][] = []
    for (let call = 0; call < calls; call++) ports.push(await rtpengine.bridge())
    const theirs = await load(rtpengine.pid, ports, SAME)
    const name = `rtpengine in user space, ${theirs.lost} lost, p99 ${theirs.delayP99Ms.toFixed(2)} ms`
    return row('media.cpu_per_100_calls', ours.percent, '% of a core', method, {
      baseline: { name, value: theirs.percent },
    })
  } finally {
    await rtpengine.stop()
  }
}

/** Ports that are likely free, four for each call and some to choose from. */
async function portRange(calls: number): Promise<{ first: number; last: number }> {
  const count = calls * 4 + 200
  const first = Math.min((await freePort('udp')) & ~1, 65_000 - count)
  return { first, last: first + count }
}

async function tickLateness(stage: Stage): Promise<Row> {
  const service = await stage.numberThat([
    { type: 'answer' },
    { type: 'talk', option: { text: TEXT, language: 'en-US' } },
  ])
  const listen = (calls: number, listenMs: number) =>
    stage.run<SoundFigures>('clients/sound-listener.ts', {
      port: stage.sipPort,
      service,
      calls,
      listenMs,
    } satisfies SoundListener)
  // the voice is rendered once, by the first caller
  await listen(1, 2_500)
  const figures = await listen(CALLS, LISTEN_MS)
  const method =
    `arrival of each RTP packet against its timestamp, from the earliest packet of its call, so the listener's own ` +
    `scheduling included: ${figures.answered} spoken calls, ${figures.packets} packets, ${figures.lost} lost`
  return row('media.tick_lateness_ms', figures.latenessMs, 'ms', method, { p99: figures.latenessP99Ms })
}
