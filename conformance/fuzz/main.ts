/**
 * `npm run fuzz`: a fuzzer that is not ours (Schemathesis) reads our own OpenAPI document and asks the running platform, as one
 * kind of caller after the other, until the budget is spent. Fails on a 5xx, an answer that does not come, a refusal that the
 * operation does not promise, an answer that is not what the document says, and a line of the log that reports a fault.
 *
 *   npm run fuzz -- --requests 50000 --seconds 3600 --seed 7 --path '^/v1.0/flows' --as admin
 */
import { parseArgs } from 'node:util'
import { Platform } from '#testkit'
import { DESK_SETTINGS, Desk, KINDS, type Kind } from './desk.ts'
import { installSchemathesis, runRound } from './schemathesis.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '50000' },
    seconds: { type: 'string', default: '5400' },
    seed: { type: 'string', default: '1' },
    examples: { type: 'string', default: '20' },
    path: { type: 'string' },
    as: { type: 'string' },
  },
})
const budget = { requests: Number(values.requests), seconds: Number(values.seconds) }
const kinds = values.as ? KINDS.filter((kind) => kind === values.as) : KINDS
if (kinds.length === 0) throw new Error(`--as takes one of ${KINDS.join(', ')}`)

const installed = installSchemathesis()
if ('missing' in installed) {
  console.log(`fuzz is skipped: ${installed.missing}`)
  process.exit(0)
}

const startedMs = performance.now()
const platform = await Platform.start(DESK_SETTINGS)
const desk = await Desk.open(platform)
const failed: string[] = []
try {
  for (let round = 0; desk.total < budget.requests; round++) {
    const seconds = budget.seconds - (performance.now() - startedMs) / 1000
    if (seconds <= 0) break
    const kind = kinds[round % kinds.length] as Kind
    const mode = Math.floor(round / kinds.length) % 2 === 0 ? 'all' : 'positive'
    const seed = Number(values.seed) + round
    console.log(`▶ round ${round + 1} as ${kind}, seed ${seed}, ${mode} requests`)
    desk.serve(kind)
    const examples = Number(values.examples)
    const one = { http: platform.http, desk: desk.url, examples, mode, seconds, seed, path: values.path } as const
    const before = desk.total
    if (!(await runRound(installed.program, one))) failed.push(`round ${round + 1} as ${kind} (seed ${seed})`)
    if (desk.total === before) throw new Error('a round asked nothing')
  }
  const faults = platform.child.output().split('\n').filter(isFault)
  if (faults.length > 0) failed.push(`the log reports faults:\n${faults.join('\n')}`)
} finally {
  desk.close()
  await platform.stop()
}

const byStatus = Map.groupBy(desk.answered, ([name]) => name.split(' ').at(-1) ?? '')
for (const [status, group] of [...byStatus].sort())
  console.log(`${status}: ${group.reduce((sum, [, count]) => sum + count, 0)}`)
console.log(
  `${desk.total} requests in ${Math.round((performance.now() - startedMs) / 1000)} s, ${failed.length} failed`,
)
for (const each of failed) console.log(`✖ ${each}`)
process.exit(failed.length === 0 ? 0 : 1)

/** Whether a line of the log says that something of ours went wrong (pino: 50 is error). */
function isFault(line: string): boolean {
  try {
    return JSON.parse(line).level >= 50
  } catch {
    return false
  }
}
