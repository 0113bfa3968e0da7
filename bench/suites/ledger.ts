import { commitMs } from '../commit.ts'
import { row } from '../row.ts'
import { Samples } from '../samples.ts'
import type { Stage } from '../stage.ts'
import type { Suite } from '../suite.ts'

const CHANGES = 100

/** How soon what happened can be read. */
export const ledger: Suite = {
  rows: ['ledger.lag_ms'],
  async run(getStage) {
    const stage = await getStage()
    await stage.webhooksDelivered()
    const lag = new Samples()
    const flows = [await newFlow(stage), await newFlow(stage)]
    const { id } = await stage.sampleNumber()
    let after = await lastSequence(stage)
    for (let time = 0; time < CHANGES; time++) {
      const waiting = events(stage, after, 10).then((page) => ({ page, atMs: performance.now() }))
      await stage.api('GET', `/numbers/${id}`) // the waiting request has arrived before the change is made
      await stage.answerBy(id, flows[time % 2] ?? '')
      const committedMs = performance.now()
      const { page, atMs } = await waiting
      if (page.result.length === 0) throw new Error('an event did not come within 10 s')
      lag.add(Math.max(0, atMs - committedMs))
      after = page.next_after
    }
    const method = `from the answer to PUT /v1.0/numbers/{id}/flow_ids to the event in GET /v1.0/events?wait= that was open before, ${CHANGES} times, nothing else going on`
    return [
      row('ledger.lag_ms', lag.median, 'ms', method, {
        p99: lag.percentile(0.99),
        baseline: { name: 'one commit on the same PostgreSQL', value: await commitMs(stage.database(), CHANGES) },
      }),
    ]
  },
}

async function newFlow(stage: Stage): Promise<string> {
  return (await stage.api('POST', '/flows', { name: 'bench', detail: '', actions: [{ type: 'answer' }] })).id
}

interface EventPage {
  result: unknown[]
  next_after: number
}

function events(stage: Stage, after: number, wait: number): Promise<EventPage> {
  return stage.api<EventPage>('GET', `/events?after=${after}&page_size=1000&wait=${wait}`)
}

async function lastSequence(stage: Stage): Promise<number> {
  let after = 0
  for (;;) {
    const page = await events(stage, after, after === 0 ? 5 : 1)
    if (page.result.length === 0) return after
    after = page.next_after
  }
}
