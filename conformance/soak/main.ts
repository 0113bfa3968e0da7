/** `npm run soak`: mixed calls at a steady rate for half an hour; see ../README.md. One JSON object on stdout; exit code 1 on a fault. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock, timestamp } from '#platform/time'
import { freePort, isInstalled, liftSpendingLimits, Platform } from '#testkit'
import { forgotten, kept, settled } from '../calls/kept.ts'
import { LOAD } from '../calls/sample.ts'
import { type Books, readBooks } from './books.ts'
import { figures, grown, watch } from './figures.ts'
import { Inspector } from './inspector.ts'
import { type SoakReport, soakPage } from './page.ts'
import { CALLEES, CALLER_NAMES, REACHES } from './phones.ts'
import { type Played, Telephones } from './run.ts'

const PAGE = fileURLToPath(new URL('../../docs/reference/soak.md', import.meta.url))
const WARM_UP_S = 30
const MOST_SAMPLES = 60

const { values } = parseArgs({ options: { write: { type: 'boolean' } } })
const minutes = Number(process.env.SOAK_MINUTES ?? 30)
const rate = Number(process.env.SOAK_RATE ?? 20)
if (!isInstalled('sipp')) throw new Error('SIPp is not installed (scripts/install-test-peers.sh)')
if (!(minutes > 0 && rate > 0)) throw new Error('SOAK_MINUTES and SOAK_RATE are numbers above 0')
const report = await soak()
console.log(JSON.stringify(report, null, 2))
if (values.write) writeFileSync(PAGE, soakPage(report, existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : ''))
if (report.faults.length > 0) process.exitCode = 1

async function soak(): Promise<SoakReport> {
  const port = await freePort('tcp')
  process.env.NODE_OPTIONS = `--inspect=127.0.0.1:${port}`
  const platform = await Platform.start(LOAD)
  delete process.env.NODE_OPTIONS
  const inspector = await Inspector.open(port)
  try {
    await liftSpendingLimits(platform) // half an hour of calls that are recorded is more than strangers may cause in an hour
    const telephones = await Telephones.install(platform)
    progress(`warming up for ${WARM_UP_S} s`)
    const warmUp = await telephones.play(rate, WARM_UP_S)
    await forgotten(platform)
    const baseline = await kept(platform)
    const startMs = systemClock.monotonicMs()
    const take = () => figures(platform, inspector, (systemClock.monotonicMs() - startMs) / 1_000)
    const rested = await take()
    progress(`${rate} calls/s for ${minutes} minutes`)
    const playing = telephones.play(rate, minutes * 60)
    const loads: number[] = []
    const everyMs = Math.max(5_000, (minutes * 60_000) / MOST_SAMPLES)
    const taken = await watch(
      async () => {
        loads.push(loadavg()[0] ?? 0)
        const now = await take()
        progress(`${now.at} s: ${JSON.stringify(now.kept)} ${JSON.stringify(now.heaps)}`)
        return now
      },
      everyMs,
      playing,
    )
    const played = await playing
    const tookS = (systemClock.monotonicMs() - startMs) / 1_000
    const left = await settled(platform, baseline).then(
      () => [],
      (error: Error) => [error.message],
    )
    const after = await take()
    const books = await readBooks(platform.database())
    const refused = await refusedCalls(platform)
    return {
      ...{ minutes, rate, tookS, played, taken, rested, after, books },
      machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${arch()}`,
      node: process.version,
      date: timestamp(systemClock.wallMs()),
      load: {
        average: loads.reduce((sum, one) => sum + one, 0) / Math.max(1, loads.length),
        most: Math.max(0, ...loads),
      },
      faults: [
        ...failures('warm-up', warmUp),
        ...failures('soak', played),
        ...miscounted([warmUp, played], books, refused),
        ...books.faults,
        ...grown(taken),
        ...left,
      ],
    }
  } finally {
    inspector.close()
    await platform.stop()
  }
}

/** What SIPp counts as failed, each in a line. */
function failures(when: string, { callers, callees }: Played): string[] {
  return Object.entries({ ...callers, ...prefixed(callees) }).flatMap(([name, { failed, unexpected }]) =>
    failed === 0 ? [] : [`${when}, ${name}: ${failed} calls failed\n${unexpected}`],
  )
}

function prefixed(callees: Played['callees']): Record<string, Played['callees'][keyof Played['callees']]> {
  return Object.fromEntries(Object.entries(callees).map(([name, result]) => [`phone that ${name}`, result]))
}

/** Calls that were refused because the database had stalled: nothing was created for them. */
async function refusedCalls(platform: Platform): Promise<number> {
  const text = await (await fetch(`${platform.http}/metrics`)).text()
  return Number(/^strowger_calls_refused\{status="503"\} (\d+)$/m.exec(text)?.[1] ?? 0)
}

/** One row for each INVITE that was let in, and every phone was called as often as callers wanted. */
function miscounted(all: readonly Played[], { calls, givenUp }: Books, refused: number): string[] {
  const sum = (count: (played: Played) => number) => all.reduce((total, played) => total + count(played), 0)
  const incoming = sum(({ callers }) => CALLER_NAMES.reduce((total, name) => total + callers[name].created, 0))
  const outgoing = sum(({ callees }) => CALLEES.reduce((total, name) => total + callees[name].created, 0))
  const reached = sum(({ callers }) =>
    CALLER_NAMES.reduce((total, name) => total + callers[name].created * REACHES[name].length, 0),
  )
  return [
    ...(refused === 0 ? [] : [`${refused} of ${incoming} calls were refused (503): writes had waited for a second`]),
    ...(calls.incoming + refused === incoming ? [] : [`${calls.incoming} rows of ${incoming} calls that came in`]),
    ...(calls.outgoing - givenUp <= outgoing && outgoing <= calls.outgoing
      ? []
      : [`${calls.outgoing} rows, ${givenUp} of them given up, of ${outgoing} calls that reached phones`]),
    ...(refused > 0 || calls.outgoing === reached ? [] : [`${calls.outgoing} legs, ${reached} were meant`]),
  ]
}

function progress(text: string): void {
  process.stderr.write(`${timestamp(systemClock.wallMs())} ${text}\n`)
}
