import pg from 'pg'
import { BillingService } from '#managers/billing'
import { openDatabase } from '#platform/db'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { type ApiClient, apiClient, eventually, liftSpendingLimits } from '#testkit'
import type { CallFigures, CallLoad } from '../clients/call-load.ts'
import { type Row, row } from '../row.ts'
import type { Stage } from '../stage.ts'
import type { Suite } from '../suite.ts'

const WRITERS = 16
const MEASURE_MS = 4_000
const CALLS_AT_ONCE = 32
const ANSWER_HANGUP = [{ type: 'answer' }, { type: 'hangup' }]
/** Of the sandbox carrier: answers and hangs up at once. */
const ANSWERS_AND_ENDS = '+999020000000'
const MICROS_OF_THE_BENCH = 50_000_000_000

/** What it costs that calls cost something. */
export const money: Suite = {
  rows: ['billing.charges', 'sip.rated_calls', 'api.routed_calls'],
  async run(getStage, wanted) {
    const stage = await getStage()
    const root = await superAdmin(stage)
    await fill(stage, root)
    const rows: Row[] = []
    if (wanted('billing.charges')) rows.push(await charges(stage))
    if (wanted('sip.rated_calls')) rows.push(await ratedCalls(stage))
    if (wanted('api.routed_calls')) rows.push(await routedCalls(stage, root))
    return rows
  },
}

async function superAdmin(stage: Stage): Promise<ApiClient> {
  const { http, credentials } = stage.platform
  const { body } = await apiClient(http).post('/auth/login', credentials.admin)
  return apiClient(http, { token: body.token })
}

/** Nothing of what is measured ends for lack of money, or by a limit. */
async function fill(stage: Stage, root: ApiClient): Promise<void> {
  const { billing_account_id } = await stage.api<{ billing_account_id: string }>('GET', '/customer')
  await ask(
    root.post(`/v1.0/billing_accounts/${billing_account_id}/balance_add_force`, {
      balance_micros: MICROS_OF_THE_BENCH,
    }),
  )
  await liftSpendingLimits(stage.platform)
}

async function ask(answer: ReturnType<ApiClient['get']>): Promise<void> {
  const { status, text } = await answer
  if (status > 299) throw new Error(text)
}

/** One-shot charges, each in a transaction of its own, of as many accounts as there are writers. */
async function charges(stage: Stage): Promise<Row> {
  const { host: socketFolder, ...place } = stage.database()
  const connection = { socketFolder, ...place }
  const db = openDatabase({ connection, clock: systemClock, log: silentLog, name: 'bench' })
  const billing = new BillingService({ db, clock: systemClock, ids: systemIds })
  const customers = Array.from({ length: WRITERS }, () => systemIds.uuid())
  for (const customer of customers)
    await db.transaction((trx) => billing.createAccount(trx, customer, { balance_credit: MICROS_OF_THE_BENCH }))
  const perSecond = await rate((writer) =>
    db.transaction((trx) =>
      billing.charge(trx, customers[writer] ?? '', {
        ...{ cost_type: 'sms', reference_type: 'sms', reference_id: systemIds.uuid(), number: '+14155550100' },
      }),
    ),
  )
  await db.close()
  const method = `one-shot charges, each a transaction with its event, ${WRITERS} accounts at once, from another process`
  return row('billing.charges', perSecond, 'ledger rows/s', method, {
    baseline: { name: `one row, one commit, ${WRITERS} at once`, value: await bareRows(stage) },
  })
}

async function bareRows(stage: Stage): Promise<number> {
  const pool = new pg.Pool({ ...stage.database(), max: WRITERS })
  await pool.query('create table if not exists bench_rows (id uuid primary key, at timestamptz)')
  const perSecond = await rate(() => pool.query('insert into bench_rows values ($1, now())', [systemIds.uuid()]))
  await pool.end()
  return perSecond
}

/** How often a second all writers together get through the work. */
async function rate(work: (writer: number) => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  let done = 0
  const write = async (writer: number) => {
    while (performance.now() < startMs + MEASURE_MS) {
      await work(writer)
      done++
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
  return (done * 1_000) / (performance.now() - startMs)
}

/** Incoming calls that cost something, beside the same flow called by its direct hash, which is free. */
async function ratedCalls(stage: Stage): Promise<Row> {
  const number = await stage.numberThat(ANSWER_HANGUP)
  const flow = { name: 'free', detail: '', actions: ANSWER_HANGUP }
  const { direct_hash } = await stage.api<{ direct_hash: string }>('POST', '/flows', flow)
  const calls = (service: string) =>
    stage.run<CallFigures>('clients/call-load.ts', {
      ...{
        kind: 'at once',
        port: stage.sipPort,
        service,
        calls: CALLS_AT_ONCE,
        warmUpMs: 3_000,
        measureMs: MEASURE_MS,
      },
    } satisfies CallLoad)
  const free = await calls(direct_hash)
  await stage.webhooksDelivered()
  const rated = await calls(number)
  await stage.webhooksDelivered()
  const method = `flow answer, hangup, ${CALLS_AT_ONCE} calls at once; failed ${JSON.stringify(rated.failed)}`
  return row('sip.rated_calls', rated.perSecond, 'calls/s', method, {
    baseline: { name: 'the same flow by its direct hash: free', value: free.perSecond },
  })
}

/** Outgoing calls to the sandbox carrier by route, reservation and rate, beside its number dialled as a SIP address. */
async function routedCalls(stage: Stage, root: ApiClient): Promise<Row> {
  const { body } = await root.get('/v1.0/providers')
  const { hostname } = body.result[0]
  const load = async (destination: object) => {
    const headers = { ...stage.headers, 'content-type': 'application/json' }
    const order = JSON.stringify({ actions: [{ type: 'answer' }], destinations: [destination] })
    const usual = { method: 'POST', path: '/v1.0/calls', headers, body: order, expect: 200 }
    const figures = await stage.http({ ...usual, connections: WRITERS, measureMs: MEASURE_MS })
    await eventually('every call is over', () => noneIsLive(stage), 60_000)
    return figures
  }
  const plain = await load({ type: 'sip', target: `${ANSWERS_AND_ENDS}@${hostname}` })
  const routed = await load({ type: 'tel', target: ANSWERS_AND_ENDS })
  const failed = JSON.stringify(routed.failed)
  const method = `POST /v1.0/calls by ${WRITERS} at once to a number that answers and hangs up; failed ${failed}`
  return row('api.routed_calls', routed.perSecond, 'calls/s', method, {
    baseline: { name: 'the same number as a SIP address: no route, rate or reservation', value: plain.perSecond },
  })
}

async function noneIsLive(stage: Stage): Promise<boolean> {
  return /^strowger_calls_live 0$/m.test(await (await fetch(`${stage.platform.http}/metrics`)).text())
}
