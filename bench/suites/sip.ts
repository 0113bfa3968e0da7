import { pause } from '#testkit'
import type { CallFigures, CallLoad } from '../clients/call-load.ts'
import type { HttpFigures } from '../clients/http-load.ts'
import type { RegisterFigures, RegisterLoad } from '../clients/register-load.ts'
import { type Row, row } from '../row.ts'
import type { Stage } from '../stage.ts'
import type { Suite } from '../suite.ts'

const PHONES = 40
const AT_ONCE = 48
const SETUP_CALLS_PER_SECOND = 50
const FLOOR_CALLS_PER_SECOND = 150
/** What a call runs is compiled bit by bit: at this rate it takes so long. */
const SETUP_WARM_UP_MS = 12_000
const SETUP_MS = 12_000
/** Load beside the calls: for as long as they last. */
const BESIDE = { warmUpMs: SETUP_WARM_UP_MS, measureMs: SETUP_MS }
const ANSWER_HANGUP = [{ type: 'answer' }, { type: 'hangup' }]
const SET = { type: 'variable_set', option: { key: 'greeting', value: 'Hello' } }
const HANG_UP = '10000000-0000-4000-8000-00000000000a'
const TEN_STEPS = [
  { type: 'answer' },
  ...[SET, SET, SET],
  {
    type: 'condition_variable',
    option: {
      ...{ condition: '==', variable: 'greeting', value_type: 'string', value_string: 'Hello' },
      false_target_id: HANG_UP,
    },
  },
  ...[SET, SET],
  { type: 'branch', option: { variable: 'greeting', target_ids: { Bye: HANG_UP } } },
  SET,
  { id: HANG_UP, type: 'hangup' },
]
const SETUP_ROWS = ['call.setup_ms', 'call.setup_under_api_storm_ms', 'call.setup_beside_api_ms']
/** Of what the API can take. */
const API_SHARE = 0.9
const MEGABYTE = 1 << 20
const BASELINE = 'a user agent in Node without transactions'

/** Registrations and calls. */
export const sip: Suite = {
  rows: [
    'call.setup_ms',
    'call.setup_under_api_storm_ms',
    'call.setup_beside_api_ms',
    'sip.register',
    'sip.answer_hangup',
    'memory.at_max_rate_mb',
    'memory.at_150_calls_mb',
    'sip.ten_steps',
  ],
  async run(getStage, wanted) {
    const stage = await getStage()
    const bare = stage.start<{ port: number }>('baselines/bare-uas.ts', {})
    const { port } = await bare.next()
    const rows: Row[] = []
    if (SETUP_ROWS.some(wanted)) rows.push(...(await setup(stage, port, wanted)))
    if (wanted('sip.register')) rows.push(await register(stage, port))
    if (wanted('sip.answer_hangup') || wanted('memory.at_max_rate_mb'))
      rows.push(...(await answerHangup(stage, port)).filter(({ name }) => wanted(name)))
    if (wanted('memory.at_150_calls_mb')) rows.push(await memoryAtFloor(stage))
    if (wanted('sip.ten_steps')) rows.push(await tenSteps(stage, port))
    await bare.stop()
    return rows
  },
}

async function setup(stage: Stage, barePort: number, wanted: (name: string) => boolean): Promise<Row[]> {
  const service = await stage.numberThat(ANSWER_HANGUP)
  const rows: Row[] = []
  const calls = (port: number, measureMs: number) =>
    stage.run<CallFigures>('clients/call-load.ts', {
      ...{ kind: 'per second', port, service, calls: SETUP_CALLS_PER_SECOND, warmUpMs: SETUP_WARM_UP_MS, measureMs },
    } satisfies CallLoad)
  const base = await calls(barePort, 2_000)
  const baseline = { name: BASELINE, value: base.setupMs }
  const method = `INVITE to 200 at ${SETUP_CALLS_PER_SECOND} calls/s, flow answer, hangup`
  if (wanted('call.setup_ms')) {
    const figures = await calls(stage.sipPort, SETUP_MS)
    rows.push(
      row('call.setup_ms', figures.setupMs, 'ms', `${method}; ${told(figures)}`, { p99: figures.setupP99Ms, baseline }),
    )
    await stage.webhooksDelivered()
  }
  if (wanted('call.setup_under_api_storm_ms')) {
    const { id } = await stage.api('POST', '/flows', { name: 'bench', detail: '', actions: ANSWER_HANGUP })
    const storm = stage.http({ method: 'GET', path: `/v1.0/flows/${id}`, expect: 200, ...BESIDE })
    const [figures, http] = await Promise.all([calls(stage.sipPort, SETUP_MS), storm])
    const detail = `${method}, beside ${stormTold(http)}; ${told(figures)}`
    const more = { p99: figures.setupP99Ms, baseline }
    rows.push(row('call.setup_under_api_storm_ms', figures.setupMs, 'ms', detail, more))
    await stage.webhooksDelivered()
  }
  if (wanted('call.setup_beside_api_ms')) {
    const { id } = await stage.api('POST', '/flows', { name: 'bench', detail: '', actions: ANSWER_HANGUP })
    const get = { method: 'GET', path: `/v1.0/flows/${id}`, expect: 200, ...BESIDE }
    const [, { perSecond: most }] = await Promise.all([calls(stage.sipPort, SETUP_MS), stage.http(get)])
    await stage.webhooksDelivered()
    const asking = stage.http({ ...get, perSecond: most * API_SHARE })
    const before = await stage.retransmissions()
    const [figures, http] = await Promise.all([calls(stage.sipPort, SETUP_MS), asking])
    const repeated = `${(await stage.retransmissions()) - before} SIP retransmissions`
    const share = `${stormTold(http)}, 90 % of the ${Math.round(most)} that it can take beside these calls`
    const more = { p99: figures.setupP99Ms, baseline }
    rows.push(
      row(
        'call.setup_beside_api_ms',
        figures.setupMs,
        'ms',
        `${method}, beside ${share}; ${told(figures)}, ${repeated}`,
        more,
      ),
    )
    await stage.webhooksDelivered()
  }
  return rows
}

async function register(stage: Stage, barePort: number): Promise<Row> {
  const phones: RegisterLoad['phones'] = []
  const prefix = `b${stage.fresh()}`
  for (let phone = 0; phone < PHONES; phone++) {
    const extension = `${prefix}${phone}`
    const password = `Bench-${stage.fresh()}-1`
    await stage.api('POST', '/extensions', { extension, password, name: 'bench', detail: '' })
    phones.push({ extension, password })
  }
  const domain = stage.platform.credentials.extensions[0]?.domain ?? ''
  const run = (port: number) =>
    stage.run<RegisterFigures>('clients/register-load.ts', {
      ...{ port, domain, phones, warmUpMs: 1_000, measureMs: 3_000 },
    } satisfies RegisterLoad)
  const base = await run(barePort)
  const { result: figures, each } = await stage.processorTime(
    () => run(stage.sipPort),
    ({ served }) => served,
  )
  const failed = Object.keys(figures.failed).length > 0 ? `, failed ${JSON.stringify(figures.failed)}` : ''
  return row(
    'sip.register',
    figures.perSecond,
    'registrations/s',
    `${PHONES} phones refresh with digest, one REGISTER each at a time; answered after ${figures.medianMs.toFixed(1)} ms (p99 ${figures.p99Ms.toFixed(1)})${failed}; ${each}`,
    { baseline: { name: BASELINE, value: base.perSecond } },
  )
}

async function answerHangup(stage: Stage, barePort: number): Promise<Row[]> {
  const base = await stage.run<CallFigures>('clients/call-load.ts', atOnce(barePort, 'bench', 2_000))
  await stage.restart()
  const most = highest(() => stage.memory())
  const { figures, method, extra: bytes } = await wholeCalls(stage, ANSWER_HANGUP, () => most.end())
  return [
    row('sip.answer_hangup', figures.perSecond, 'calls/s', `flow answer, hangup, ${method}`, {
      baseline: { name: BASELINE, value: base.perSecond },
    }),
    row(
      'memory.at_max_rate_mb',
      bytes / MEGABYTE,
      'MB',
      'highest PSS of everything during sip.answer_hangup, of a process just started, looked at twice a second',
    ),
  ]
}

/** As long as what a call leaves behind in a transaction is kept (RFC 3261 §17.1.1.2), and half as long again. */
async function memoryAtFloor(stage: Stage): Promise<Row> {
  await stage.restart()
  const service = await stage.numberThat(ANSWER_HANGUP)
  const most = highest(() => stage.memory())
  const load = { kind: 'per second', port: stage.sipPort, service, calls: FLOOR_CALLS_PER_SECOND } as const
  const figures = await stage.run<CallFigures>('clients/call-load.ts', { ...load, warmUpMs: 8_000, measureMs: 40_000 })
  const bytes = await most.end()
  await stage.webhooksDelivered()
  const method = `highest PSS of everything during 48 s of ${FLOOR_CALLS_PER_SECOND} calls/s, of a process just started; ${told(figures)}`
  return row('memory.at_150_calls_mb', bytes / MEGABYTE, 'MB', method)
}

async function tenSteps(stage: Stage, barePort: number): Promise<Row> {
  const base = await stage.run<CallFigures>('clients/call-load.ts', atOnce(barePort, 'bench', 2_000))
  const { figures, method } = await wholeCalls(stage, TEN_STEPS, async () => undefined)
  return row('sip.ten_steps', figures.perSecond, 'calls/s', `a flow of ten actions, ${method}`, {
    baseline: { name: BASELINE, value: base.perSecond },
  })
}

function atOnce(port: number, service: string, measureMs: number): CallLoad {
  return { kind: 'at once', port, service, calls: AT_ONCE, warmUpMs: 6_000, measureMs }
}

/** As many calls as end, through a flow of these actions; `atEnd` is asked when the last is over, before the webhooks are. */
async function wholeCalls<Extra>(
  stage: Stage,
  actions: readonly object[],
  atEnd: () => Promise<Extra>,
): Promise<{ figures: CallFigures; method: string; extra: Extra }> {
  const service = await stage.numberThat(actions)
  const before = await stage.webhooksDelivered()
  const { result, each } = await stage.processorTime(
    async () => {
      const figures = await stage.run<CallFigures>('clients/call-load.ts', atOnce(stage.sipPort, service, 6_000))
      const extra = await atEnd()
      return { figures, extra, after: await stage.webhooksDelivered() }
    },
    ({ figures }) => figures.served,
  )
  const { figures, extra, after } = result
  const webhooks = `${after.received - before.received} webhooks, the last ${(after.tookMs / 1000).toFixed(1)} s after the end`
  const method = `${AT_ONCE} calls at once, INVITE to the answered BYE; ${told(figures)}; ${webhooks}; ${each}, webhooks included`
  return { figures, method, extra }
}

/** Looks at a figure twice a second and keeps the highest. */
function highest(look: () => number): { end(): Promise<number> } {
  let most = look()
  let isOver = false
  const looking = (async () => {
    while (!isOver) {
      most = Math.max(most, look())
      await pause(500)
    }
  })()
  return {
    async end() {
      isOver = true
      await looking
      return most
    },
  }
}

function told({ completed, failed, setupMs, setupP99Ms }: CallFigures): string {
  const faults = Object.keys(failed).length > 0 ? `failed ${JSON.stringify(failed)}` : 'none failed'
  return `${completed} calls, ${faults}, 200 after ${setupMs.toFixed(1)} ms (p99 ${setupP99Ms.toFixed(1)})`
}

function stormTold(http: HttpFigures): string {
  return `${Math.round(http.perSecond)} GET/s`
}
