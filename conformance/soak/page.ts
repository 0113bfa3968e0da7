import type { Books } from './books.ts'
import { type Figures, held, megabytes } from './figures.ts'
import type { Played } from './run.ts'

/** What a soak prints. */
export interface SoakReport {
  machine: string
  node: string
  date: string
  minutes: number
  rate: number
  /** How long the calls took, to the end of the last. */
  tookS: number
  /** Load average of the machine meanwhile, over a minute each. */
  load: { average: number; most: number }
  played: Played
  /** Before the calls, everything at rest; under load; at rest again. */
  rested: Figures
  taken: Figures[]
  after: Figures
  books: Books
  faults: string[]
}

/** The reference page: this soak above those that stand there, the newest first. */
export function soakPage(report: SoakReport, before: string): string {
  const [, ...earlier] = before.split(/^(?=## )/m)
  const kept = earlier.slice(0, MOST_SOAKS - 1).map((each) => `${each.trimEnd()}\n`)
  return [HEAD, section(report), ...kept].join('\n')
}

const MOST_SOAKS = 5
const HEAD = `# Soak

Written by \`npm run soak -- --write\`: what was seen on the machines named, nothing more. Calls are SIPp's, on the same cores.
`

function section(report: SoakReport): string {
  const { machine, node, date, minutes, rate, tookS, load, played, books, faults } = report
  const calls = Object.entries(played.callers).map(
    ([name, { created, successful, failed, retransmissions }]) =>
      `| ${name} | ${created} | ${successful} | ${failed} | ${retransmissions} |`,
  )
  const ends = Object.entries(books.ends).map(([end, count]) => `${count} ${end}`)
  return `## ${date.slice(0, 16).replace('T', ' ')} UTC, ${rate} calls/s for ${minutes} minutes

- ${machine}, Node.js ${node}; load average meanwhile ${load.average.toFixed(1)}, at most ${load.most.toFixed(1)}
- From the first call to the end of the last: ${Math.round(tookS)} s
- In the database, warm-up included: ${books.calls.incoming} calls that came in, ${books.calls.outgoing} that went out (${books.givenUp} given up before anybody was dialled), ${books.recordings} recordings, ${books.groupcalls} groupcalls, ${books.transfers} transfers, ${books.activeflows} activeflows; ends: ${ends.join(', ')}
- ${faults.length === 0 ? 'No fault: no call failed; one row, one ending event and one whole account of each call; nothing grew, and nothing was left.' : `Faults: ${faults.map((fault) => fault.split('\n')[0]).join('; ')}`}

| Callers | Calls | Successful | Failed | Retransmissions |
|---|---|---|---|---|
${calls.join('\n')}

After a garbage collection of each thread:

| | ${columns(report)
    .map(({ what }) => what)
    .join(' | ')} |
|---|${columns(report)
    .map(() => '---|')
    .join('')}
${Object.keys(report.rested.heaps)
  .map(
    (name) =>
      `| ${name} | ${columns(report)
        .map(({ at }) => megabytes(held(at.heaps[name])))
        .join(' | ')} |`,
  )
  .join('\n')}
${Object.keys(report.rested.kept)
  .map(
    (name) =>
      `| ${name} | ${columns(report)
        .map(({ at }) => at.kept[name] ?? 0)
        .join(' | ')} |`,
  )
  .join('\n')}
`
}

/** Before, four moments of the load, and after. */
function columns({ rested, taken, after }: SoakReport): { what: string; at: Figures }[] {
  const moments = [0.1, 0.4, 0.7, 1].flatMap((part) => taken[Math.ceil(taken.length * part) - 1] ?? [])
  return [
    { what: 'at rest', at: rested },
    ...moments.map((at) => ({ what: `after ${Math.round(at.at / 60)} min`, at })),
    { what: 'at rest again', at: after },
  ]
}
