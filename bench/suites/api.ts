import type { HttpFigures, HttpLoad } from '../clients/http-load.ts'
import { type Row, row } from '../row.ts'
import type { Stage } from '../stage.ts'
import type { Suite } from '../suite.ts'

/** A flow of the usual size. */
const FLOW = {
  name: 'bench',
  detail: 'a menu',
  actions: [
    { type: 'answer' },
    { type: 'talk', option: { text: 'Welcome. Press 1 to go on.', language: 'en-US' } },
    { type: 'digits_receive', option: { duration: 10_000, length: 1 } },
    { type: 'hangup' },
  ],
}
/** A customer may have 10,000 flows. */
const MOST_CREATED = 7_000
const JSON_TYPE = { 'content-type': 'application/json' }

type Asked = Pick<HttpLoad, 'method' | 'path' | 'expect'> & Partial<HttpLoad>

/** Requests per second of the API, beside the bare framework. */
export const api: Suite = {
  rows: ['api.error', 'api.get_by_id', 'api.create_flow'],
  async run(getStage, wanted) {
    const stage = await getStage()
    const { id } = await stage.api('POST', '/flows', FLOW)
    const bare = stage.start<{ port: number }>('baselines/bare-http.ts', stage.database())
    const { port } = await bare.next()
    const body = JSON.stringify(FLOW)
    const rows: Row[] = []
    const compare = async (name: string, method: string, baseline: string, ours: Asked, theirs: Asked) => {
      if (!wanted(name)) return
      const base = await stage.http({ port, headers: {}, ...theirs })
      const { result: figures, each } = await stage.processorTime(
        () => stage.http(ours),
        ({ served }) => served,
      )
      const value = { name: baseline, value: base.perSecond }
      rows.push(
        row(name, figures.perSecond, 'requests/s', `${method}; ${told(figures, base)}; ${each}`, { baseline: value }),
      )
    }
    await compare(
      'api.error',
      'GET /v1.0/flows/{not a UUID}: the typed 4xx of an authenticated route',
      "the framework's thrown error",
      { method: 'GET', path: '/v1.0/flows/not-a-uuid', expect: await statusOf(stage, '/flows/not-a-uuid') },
      { method: 'GET', path: '/error', expect: 500 },
    )
    await compare(
      'api.get_by_id',
      'GET /v1.0/flows/{id}',
      'the framework with one prepared SELECT',
      { method: 'GET', path: `/v1.0/flows/${id}`, expect: 200 },
      { method: 'GET', path: `/flows/${id}`, expect: 200 },
    )
    await compare(
      'api.create_flow',
      'POST /v1.0/flows, four actions, with its event in the ledger',
      'the framework with one INSERT',
      {
        ...{ method: 'POST', path: '/v1.0/flows', expect: 200, body, mostRequests: MOST_CREATED },
        headers: { ...stage.headers, ...JSON_TYPE },
      },
      { method: 'POST', path: '/flows', expect: 200, body, headers: JSON_TYPE },
    )
    await bare.stop()
    if (wanted('api.create_flow')) await stage.webhooksDelivered()
    return rows
  },
}

async function statusOf(stage: Stage, path: string): Promise<number> {
  return (await stage.platform.api('GET', path)).status
}

function told(ours: HttpFigures, base: HttpFigures): string {
  const failed = Object.keys(ours.failed).length > 0 ? `, failed ${JSON.stringify(ours.failed)}` : ''
  return `16 connections, an answer after ${ours.medianMs.toFixed(1)} ms (p99 ${ours.p99Ms.toFixed(1)}), baseline ${base.medianMs.toFixed(1)} ms (p99 ${base.p99Ms.toFixed(1)})${failed}`
}
