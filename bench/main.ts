/** `npm run bench`: measures the platform and prints one JSON object; see README.md. */
import { writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock, timestamp } from '#platform/time'
import { pause } from '#testkit'
import { performancePage, type Report } from './render.ts'
import type { Row } from './row.ts'
import { Stage } from './stage.ts'
import { progress, type Suite } from './suite.ts'
import { api } from './suites/api.ts'
import { events } from './suites/events.ts'
import { flow } from './suites/flow.ts'
import { ledger } from './suites/ledger.ts'
import { media } from './suites/media.ts'
import { memory } from './suites/memory.ts'
import { money } from './suites/money.ts'
import { routes } from './suites/routes.ts'
import { sip } from './suites/sip.ts'
import { start } from './suites/start.ts'

const SUITES: readonly Suite[] = [flow, routes, start, memory, ledger, events, media, api, sip, money]
const PAGE = fileURLToPath(new URL('../docs/reference/performance.md', import.meta.url))

const { values } = parseArgs({
  options: { only: { type: 'string' }, write: { type: 'boolean' }, profile: { type: 'string' } },
})
const report = await measure(values.only?.split(','), values.profile)
console.log(JSON.stringify(report, null, 2))
if (values.write) writeFileSync(PAGE, performancePage(report))

async function measure(only: readonly string[] | undefined, profile: string | undefined): Promise<Report> {
  const wanted = (name: string) =>
    only === undefined || only.some((each) => name === each || name.startsWith(`${each}.`))
  const chosen = SUITES.filter(({ rows }) => rows.some(wanted))
  if (chosen.length === 0)
    throw new Error(`there is no such row: ${only}; there are ${SUITES.flatMap(({ rows }) => rows)}`)
  const busyBefore = await busyShare()
  const results: Row[] = []
  let stage: Stage | undefined
  let disk = 'no platform was started'
  try {
    const getStage = async () => {
      stage ??= await Stage.set(profile)
      return stage
    }
    for (const suite of chosen) {
      progress(`measuring ${suite.rows.filter(wanted).join(', ')}`)
      for (const each of (await suite.run(getStage, wanted)).filter(({ name }) => wanted(name))) {
        progress(`  ${each.name} ${each.value} ${each.unit}`)
        results.push(each)
      }
    }
    if (stage) {
      const counts = Object.entries(await stage.rows()).map(([table, count]) => `${count} ${table}`)
      disk = `embedded PostgreSQL with synchronous commit, at the end with ${counts.join(', ')}`
    }
  } finally {
    await stage?.strike()
  }
  const busyAfter = await busyShare()
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor'
  return {
    machine: `${cpu}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${arch()}`,
    node: process.version,
    date: timestamp(systemClock.wallMs()),
    setup: `On the disk: ${disk}. On: ledger, sequencer, one webhook reader with a receiver on loopback, log level warn; load generators and baselines on the same cores, which something else kept busy to ${busyBefore} % before the run and ${busyAfter} % after it.`,
    results,
  }
}

/** How much of the processors' time is used in a second in which we do nothing, in percent. */
async function busyShare(): Promise<number> {
  const sum = () => {
    const times = cpus().map((each) => each.times)
    const idle = times.reduce((all, { idle }) => all + idle, 0)
    return { idle, all: times.reduce((all, { user, nice, sys, idle, irq }) => all + user + nice + sys + idle + irq, 0) }
  }
  const before = sum()
  await pause(1_000)
  const after = sum()
  return Math.round(100 * (1 - (after.idle - before.idle) / (after.all - before.all)))
}
