import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { catalogueRows } from '#platform/http'
import { catalogues } from './catalogue.ts'
import { errorPages } from './error-pages.ts'
import { compareReleased } from './released-reasons.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const rows = catalogueRows(catalogues)

/** The catalogue as the API's owner published it: domain, reason, HTTP. */
const PUBLISHED: Record<string, Record<string, number>> = {
  'api-manager': {
    AUTHENTICATION_REQUIRED: 401,
    INVALID_CREDENTIALS: 401,
    ACCOUNT_FROZEN: 403,
    PERMISSION_DENIED: 403,
    DIRECT_ACCESS_NOT_SUPPORTED: 403,
    RATE_LIMIT_EXCEEDED: 429,
    RESOURCE_NOT_FOUND: 404,
    ROUTE_NOT_FOUND: 404,
    INVALID_ARGUMENT: 400,
    INVALID_JSON_BODY: 400,
    INVALID_ID: 400,
    REQUEST_TIMEOUT: 503,
    REQUEST_CANCELED: 503,
    SERVICE_UNAVAILABLE: 503,
    INTERNAL: 500,
  },
  'call-manager': {
    CALL_NOT_FOUND: 404,
    CALL_ALREADY_HANGUP: 409,
    CALL_STATE_INVALID: 409,
    RECORDING_NOT_FOUND: 404,
    RECORDING_ALREADY_ACTIVE: 409,
    RECORDING_NOT_ACTIVE: 409,
    INSUFFICIENT_BALANCE: 402,
    GROUPCALL_NOT_FOUND: 404,
  },
  'flow-manager': {
    FLOW_NOT_FOUND: 404,
    ACTIVEFLOW_NOT_FOUND: 404,
    FLOW_STATE_INVALID: 409,
    ACTIVEFLOW_ALREADY_STOPPED: 409,
  },
  'billing-manager': { INSUFFICIENT_BALANCE: 402, BILLING_ACCOUNT_NOT_FOUND: 404, ACCOUNT_SUSPENDED: 402 },
  'number-manager': { NUMBER_NOT_FOUND: 404, IDENTITY_VERIFICATION_REQUIRED: 403 },
  'provisioning-admin': { PROVIDER_NOT_FOUND: 404, TRUNK_NOT_FOUND: 404, ROUTE_NOT_FOUND: 404 },
}

test('every published reason is declared in its domain with its HTTP status', () => {
  for (const [domain, reasons] of Object.entries(PUBLISHED))
    for (const [reason, http] of Object.entries(reasons)) {
      const row = rows.find((each) => each.domain === domain && each.reason === reason)
      assert.equal(row?.http, http, `${domain}/${reason}`)
    }
})

test('every reason says what happened and what to do, in words of its own', () => {
  for (const { domain, reason, cause, fix } of rows) {
    assert.match(reason, /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/)
    for (const sentence of [cause, fix]) assert.match(sentence, /^[A-Z].{8,}\.$/, `${domain}/${reason}: ${sentence}`)
  }
})

test('a reason that answers with facts says which', () => {
  for (const { domain, reason, declaration } of catalogues.flatMap((catalogue) => Object.values(catalogue))) {
    const hasDetails = declaration.details === undefined && declaration.message.length > 0
    if (hasDetails) assert.ok(declaration.details_schema, `${domain}/${reason} needs a details_schema`)
  }
})

test('(domain, reason) is declared once', () => {
  const keys = rows.map(({ domain, reason }) => `${domain}/${reason}`)
  assert.equal(new Set(keys).size, keys.length)
})

test('every manager that declares reasons is in the catalogue', () => {
  const declaring = globSync('{managers/*,platform/http}/errors.ts', { cwd: root }).map(domainOf)
  const served = new Set(rows.map((row) => row.domain))
  for (const domain of declaring) assert.ok(served.has(domain), `${domain} is missing in apps/server/catalogue.ts`)
})

test('a reason is thrown somewhere exactly when it is not pending', () => {
  const names = new Map<string, string>()
  for (const file of globSync('{managers/*,platform/http}/errors.ts', { cwd: root })) {
    const name = /export const (\w+) = defineErrors\(/.exec(textOf(file))?.[1]
    if (name) names.set(name, domainOf(file))
  }
  const used = new Set<string>()
  const sources = globSync('{platform,telecom,managers,apps}/**/*.ts', { cwd: root }).filter(
    (file) => !/(\.test|test-server|\/contract|\/errors|\/implied-errors)\.ts$/.test(file),
  )
  for (const file of sources)
    for (const [, name = '', reason] of textOf(file).matchAll(/\b(\w+Errors)\.([A-Z][A-Z0-9_]+)\b(?!\.is\b)/g))
      used.add(`${names.get(name)}/${reason}`)
  const wrong = rows
    .filter((row) => used.has(`${row.domain}/${row.reason}`) === row.pending)
    .map((row) => `${row.domain}/${row.reason} is ${row.pending ? 'pending, and thrown' : 'thrown nowhere'}`)
  assert.deepEqual(wrong, [])
})

test('a released reason cannot vanish, change its status or become pending again, and no new one may be pending', () => {
  const [first, ...rest] = rows.filter((row) => !row.pending)
  assert.ok(first)
  const { next } = compareReleased(undefined, rows)
  const fault = (changed: typeof rows) => compareReleased(next, changed).faults.join()
  const others = rows.filter((row) => row !== first)
  assert.equal(fault(rows), '')
  assert.match(fault(others), /was released and is gone/)
  assert.match(fault([...others, { ...first, status: 'INTERNAL' }]), /was released as/)
  assert.match(fault([...others, { ...first, pending: true }]), /pending now/)
  assert.match(fault([...rows, { ...first, reason: 'BRAND_NEW', pending: true }]), /new and pending/)
  assert.equal(fault([...rows, { ...first, reason: 'BRAND_NEW' }]), '')
  assert.ok(rest.length > 0)
})

test('a pending reason that is emitted at last leaves the pending list', () => {
  const pending = rows.find((row) => row.pending)
  assert.ok(pending)
  const real = rows.map((row) => (row === pending ? { ...row, pending: false } : row))
  const { faults, next } = compareReleased(compareReleased(undefined, rows).next, real)
  assert.deepEqual(faults, [])
  assert.ok(!next.some((each) => each.pending && each.domain === pending.domain && each.reason === pending.reason))
})

test('what somebody wrote below the generated head of a page stays', () => {
  const row = rows.slice(0, 1)
  const file = `${row[0]?.reason}.md`
  const page = errorPages(row, () => undefined).get(file)
  const written = `${page}\nThis happened to us on a Monday.\n`
  assert.equal(errorPages(row, () => written).get(file), written)
})

test('a reason that gives facts to programs says what they look like', () => {
  const silent = catalogues
    .flatMap((catalogue) => Object.values(catalogue))
    .filter(
      ({ declaration: { message, details, details_schema } }) => message.length > 0 && !details && !details_schema,
    )
    .map(({ reason }) => reason)
  assert.deepEqual(silent, [], 'these need a details_schema, from which the SDK has their types')
})

function textOf(file: string): string {
  return readFileSync(`${root}/${file}`, 'utf8')
}

function domainOf(file: string): string {
  return /defineErrors\('([^']+)'/.exec(textOf(file))?.[1] ?? file
}
