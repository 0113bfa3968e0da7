import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, type ApiClient, apiClient, type Json, Platform } from '#testkit'
import { loggedIn } from './two-customers.ts'

/** Everything that says how much, when, which or where in money and carriers. */
const SWEPT =
  /^\/v1\.0\/((billing|rate|route|provider|trunk|number|outbound_config|spending|available_number)[a-z_]*)(\/|$)|\/(spending_limits|exposure)$/
/** What would go out into the world, or end the platform’s own means. */
const LEFT_OUT = /providercalls$|\/probe$|\/setup$|paddle/

// as they stand in JSON
const NUMBERS = ['-1', '-0', '0.5', '1e-7', '1e400', '-1e400', '1e21', '2147483648', '-2147483649', '9007199254740993']
const LARGE = ['9223372036854775808', '18446744073709551616']
const OTHERS = ['null', 'true', '[]', '{}', '"1"', '"NaN"', '"Infinity"', '[null]', '[[]]', '[{}]', '[1e400]']
const TEXTS = ['""', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00x"', `"${'x'.repeat(70_000)}"`, '["\\u0000"]']
const MOMENTS = [
  ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '-000001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z'],
  ...['9999-12-31T24:00:00Z', '+275760-09-13T00:00:00.001Z', '275761-01-01T00:00:00Z', '2026-02-30T00:00:00Z'],
].map((text) => JSON.stringify(text))
const HOSTILE = [...NUMBERS, ...LARGE, ...OTHERS, ...TEXTS, ...MOMENTS]

let platform: Platform
let mine: ApiClient
let root: ApiClient
let paths: Record<string, Record<string, Json>>
/** Something real for each id of a path and of a body. */
const ids = new Map<string, string>()

before(async () => {
  platform = await Platform.start({
    ...{ RATE_LIMIT_V1_RPS: '0', RATE_LIMIT_V1_BURST: '0' },
    ...{ RATE_LIMIT_CUSTOMER_V1_RPS: '0', RATE_LIMIT_CUSTOMER_V1_BURST: '0' },
  })
  mine = apiClient(platform.http, { accesskey: platform.credentials.customer.accesskey })
  const { username, password } = platform.credentials.admin
  root = await loggedIn(platform, username, password)
  paths = (await mine.get('/openapi.json')).body.paths
  const idOf = async (client: ApiClient, path: string) => (await client.get(path)).body.result[0]?.id
  const made = async (client: ApiClient, path: string, change: object = {}) => {
    const answer = await client.post(path, { ...exampleOf('post', path), ...change })
    assert.equal(answer.status, 200, answer.text)
    return answer.body.id
  }
  ids.set('billing_accounts', (await mine.get('/v1.0/billing_account')).body.id)
  ids.set('rate_decks', await idOf(root, '/v1.0/rate_decks'))
  ids.set('providers', await made(root, '/v1.0/providers'))
  const own = { provider_id: ids.get('providers'), customer_id: '00000000-0000-0000-0000-000000000001' }
  ids.set('routes', await made(root, '/v1.0/routes', { ...own, target: '+9991' }))
  ids.set('trunks', await made(mine, '/v1.0/trunks'))
  for (const kind of ['accesskeys', 'agents', 'extensions', 'numbers']) ids.set(kind, await idOf(mine, `/v1.0/${kind}`))
  ids.set('customers', (await mine.get('/v1.0/customer')).body.id)
  ids.set('outbound_configs', (await mine.get('/v1.0/outbound_config')).body.id)
})
after(() => platform?.stop())

function exampleOf(method: string, path: string): Json {
  return structuredClone(paths[path]?.[method].requestBody.content['application/json'].example ?? {})
}

/** A path whose ids are real. */
function realPath(path: string): string {
  const [, family = ''] = /^\/v1\.0\/([a-z_]+)/.exec(path) ?? []
  return path.replace(/\{[a-z_]+\}/, ids.get(family) ?? '5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a')
}

/** What is wrong with an answer to a value that nobody could mean; empty where nothing is. */
function faultOf({ status, body, text }: Answer, pointer: string): string {
  if (status < 400) return ''
  const shown = `${status} ${text.slice(0, 300)}`
  if (status >= 500 || typeof body?.error?.reason !== 'string') return shown
  if (!['INVALID_ARGUMENT', 'INVALID_JSON_BODY', 'INVALID_REQUEST_PARAMETER', 'INVALID_ID'].includes(body.error.reason))
    return ''
  const named = body.error.details.some((each: Json) => typeof each.pointer === 'string' && each.pointer !== '')
  return named ? '' : `names no field (${pointer}): ${shown}`
}

/** The pointers of all that a body holds, itself apart. */
function pointersOf(value: Json, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [
    ...(at === '' ? [] : [at]),
    ...Object.entries<Json>(value).flatMap(([name, each]) => pointersOf(each, `${at}/${name}`)),
  ]
}

/** The body as JSON with something else at one place. */
function withValue(body: Json, pointer: string, json: string): string {
  const copy = structuredClone(body)
  const steps = pointer.slice(1).split('/')
  const last = steps.pop() ?? ''
  let node = copy
  for (const step of steps) node = node[step]
  node[last] = '<here>'
  return JSON.stringify(copy).replace('"<here>"', () => json)
}

test('no value in a body of money and carriers breaks anything: what cannot be is refused, and the field is named', async () => {
  const faults: string[] = []
  let asked = 0
  for (const [path, item] of Object.entries(paths)) {
    if (!SWEPT.test(path) || LEFT_OUT.test(path)) continue
    for (const method of ['post', 'put']) {
      const schema = item[method]?.requestBody?.content['application/json']?.schema
      if (!schema) continue
      const body = exampleOf(method, path)
      for (const [name, id] of [
        ['provider_id', 'providers'],
        ['customer_id', 'customers'],
      ] as const)
        if (name in body) body[name] = ids.get(id)
      if (path.endsWith('/rate_decks')) Object.assign(body, { based_on: 1, rates: body.rates.slice(0, 1) })
      const missing = Object.keys(schema.properties ?? {}).filter((name) => !(name in body))
      for (const pointer of [...pointersOf(body), ...missing.map((name) => `/${name}`)])
        for (const json of HOSTILE) {
          const init = { headers: { 'content-type': 'application/json' }, body: withValue(body, pointer, json) }
          let answer = await mine.send(method.toUpperCase(), realPath(path), init)
          if (answer.status === 403) answer = await root.send(method.toUpperCase(), realPath(path), init)
          asked++
          const fault = faultOf(answer, pointer)
          if (fault) faults.push(`${method} ${path} ${pointer} = ${json.slice(0, 40)}: ${fault}`)
        }
    }
  }
  assert.ok(asked > 2_000, `${asked} were asked`)
  assert.deepEqual(faults, [])
})

test('no value in a query of money and carriers breaks anything', async () => {
  const faults: string[] = []
  for (const [path, item] of Object.entries(paths)) {
    if (!SWEPT.test(path) || LEFT_OUT.test(path) || !item.get) continue
    const names = (item.get.parameters ?? []).filter((each: Json) => each.in === 'query').map((each: Json) => each.name)
    for (const name of names)
      for (const json of HOSTILE) {
        const text = json.startsWith('"') ? JSON.parse(json) : json
        const value = text.isWellFormed() ? encodeURIComponent(text.slice(0, 5_000)) : '%ED%A0%80'
        const others = names.includes('cost_type') && name !== 'cost_type' ? '&cost_type=sms' : ''
        const url = `${realPath(path)}?${name}=${value}${others}`
        let answer = await mine.get(url)
        if (answer.status === 403) answer = await root.get(url)
        const fault = faultOf(answer, `/${name}`)
        if (fault) faults.push(`${path} ${name} = ${json.slice(0, 40)}: ${fault}`)
      }
  }
  assert.deepEqual(faults, [])
})
