import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { test } from 'node:test'
import { ManualClock } from '#platform/time'
import { apiClient, assertReason, eventually } from '#testkit'
import { apiErrors } from './errors.ts'
import { probe, startServer, TEA, teaRoutes } from './test-server.ts'

/** A handler that never ends by itself, and says when it has begun. */
function stuck() {
  const begun = Promise.withResolvers<AbortSignal>()
  const route = probe(({ signal }) => {
    begun.resolve(signal)
    return new Promise(() => {})
  })
  return { route, begun: begun.promise }
}

test('a request that is not finished by its deadline is 503 REQUEST_TIMEOUT, and its work is told to stop', async () => {
  const clock = new ManualClock()
  const { route, begun } = stuck()
  await using at = await startServer([route], { clock, deadlineMs: 10_000 })
  const answer = apiClient(at.url).get('/v1.0/probe')
  const signal = await begun
  clock.advance(9_999)
  assert.equal(signal.aborted, false)
  clock.advance(1)
  const late = await answer
  assertReason(late, 503, 'REQUEST_TIMEOUT')
  assert.match(late.headers.get('retry-after') ?? '', /^\d+$/)
  assert.equal(apiErrors.REQUEST_TIMEOUT.is(signal.reason), true)
})

test('the deadline covers finding out who asks', async () => {
  const clock = new ManualClock()
  const asked = Promise.withResolvers<void>()
  await using at = await startServer(teaRoutes, {
    clock,
    authenticate: () => {
      asked.resolve()
      return new Promise(() => {})
    },
  })
  const answer = apiClient(at.url, { accesskey: 'vb_admin' }).get(`/v1.0/teas/${TEA}`)
  await asked.promise
  clock.advance(10_000)
  assertReason(await answer, 503, 'REQUEST_TIMEOUT')
})

test('an endpoint that waits on purpose has a deadline of its own', async () => {
  const clock = new ManualClock()
  const { route, begun } = stuck()
  route.endpoint.deadlineMs = 60_000
  await using at = await startServer([route], { clock, deadlineMs: 10_000 })
  const answer = apiClient(at.url).get('/v1.0/probe')
  const signal = await begun
  clock.advance(59_999)
  assert.equal(signal.aborted, false)
  clock.advance(1)
  assertReason(await answer, 503, 'REQUEST_TIMEOUT')
})

test('what a handler brings after the deadline is not sent as a second answer', async () => {
  const clock = new ManualClock()
  const late = Promise.withResolvers<{ name: string }>()
  const begun = Promise.withResolvers<void>()
  const route = probe(() => {
    begun.resolve()
    return late.promise
  })
  await using at = await startServer([route], { clock })
  const api = apiClient(at.url)
  const answer = api.get('/v1.0/probe')
  await begun.promise
  clock.advance(10_000)
  assertReason(await answer, 503, 'REQUEST_TIMEOUT')
  late.resolve({ name: 'too late' })
  assert.deepEqual((await api.get('/ping')).body, { message: 'pong' })
})

test('a client that goes away ends the work: REQUEST_CANCELED in log and metric', async () => {
  const { route, begun } = stuck()
  await using at = await startServer([route])
  const call = request(`${at.url}/v1.0/probe`, { headers: { 'x-request-id': 'gone' } })
  call.on('error', () => {})
  call.end()
  const signal = await begun
  call.destroy()
  if (!signal.aborted) await once(signal, 'abort')
  assert.equal(apiErrors.REQUEST_CANCELED.is(signal.reason), true)
  await eventually('the log line of the cancelled request', () =>
    at.lines.some((line) => line.fields.reason === 'REQUEST_CANCELED'),
  )
  assert.equal(at.lines.find((line) => line.fields.reason === 'REQUEST_CANCELED')?.fields.request_id, 'gone')
  assert.match(
    await at.metrics.text(),
    /errors_total\{domain="api-manager",reason="REQUEST_CANCELED",blame="client",route="\/probe"\} 1/,
  )
})

test('a server that stops lets running requests end, takes no new ones, and is gone when they have ended', async () => {
  const clock = new ManualClock() // its time stands still: nothing is cut off
  const release = Promise.withResolvers<{ name: string }>()
  const begun = Promise.withResolvers<void>()
  const working = probe(() => {
    begun.resolve()
    return release.promise
  })
  const at = await startServer([working], { clock })
  const running = apiClient(at.url).get('/v1.0/probe')
  await begun.promise
  const closed = at.server.close()
  await assert.rejects(fetch(`${at.url}/ping`))
  release.resolve({ name: 'done' })
  assert.deepEqual((await running).body, { name: 'done' })
  await closed
})

test('a server that stops refuses at once whoever only waits, and after a moment whoever does not end', async () => {
  const clock = new ManualClock()
  const waiting = stuck()
  const working = stuck()
  waiting.route.endpoint.deadlineMs = 60_000
  working.route.endpoint.path = '/working'
  const at = await startServer([waiting.route, working.route], { clock })
  const polls = apiClient(at.url).get('/v1.0/probe')
  const works = apiClient(at.url).get('/v1.0/working')
  const [, signal] = await Promise.all([waiting.begun, working.begun])
  const closed = at.server.close()
  assertReason(await polls, 503, 'SERVICE_UNAVAILABLE')
  assert.equal(signal.aborted, false)
  clock.advance(1_500)
  assertReason(await works, 503, 'SERVICE_UNAVAILABLE')
  assert.equal(signal.aborted, true)
  await closed
})

test('when who asks cannot be found out because the database is away, the answer is 503, not 401', async () => {
  await using at = await startServer(teaRoutes, {
    authenticate: () => Promise.reject(apiErrors.SERVICE_UNAVAILABLE()),
  })
  assertReason(await apiClient(at.url, { accesskey: 'vb_admin' }).get(`/v1.0/teas/${TEA}`), 503, 'SERVICE_UNAVAILABLE')
})
