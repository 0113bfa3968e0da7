import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AccountFrozenError,
  ApiError,
  type ClientOptions,
  ConnectionError,
  createClient,
  isReason,
  type Repeat,
} from './index.ts'
import { breakOff, hang, refuse, rejection, TestPlatform, TestTime, type Treatment } from './test-platform.ts'

function start(treat: Treatment, options: Partial<ClientOptions> = {}) {
  const platform = new TestPlatform(treat)
  const time = new TestTime()
  const client = createClient({
    baseUrl: 'https://api.test/',
    fetch: platform.fetch,
    time,
    accesskey: 'vb_key',
    ...options,
  })
  return { platform, time, client }
}

/** Treats one request after the other, the last one for good. */
function inTurn(...treatments: Treatment[]): Treatment {
  let turn = 0
  return (request) => treatments[Math.min(turn++, treatments.length - 1)]?.(request)
}

const unavailable = () => refuse('UNAVAILABLE', 'SERVICE_UNAVAILABLE', { retryAfter: 1 })

test('an operation is its method, path, query and body; the key goes into a header and into no URL', async () => {
  const { platform, client } = start(() => ({ id: 'a/b' }))
  await client.tags.update('a/b', { name: 'x', detail: '' })
  await client.calls.list({ page_size: 5 }).page()
  const [put, get] = platform.seen
  assert.equal(put?.path, '/v1.0/tags/a%2Fb')
  assert.deepEqual(put?.body, { name: 'x', detail: '' })
  assert.equal(put?.headers.get('authorization'), 'Bearer vb_key')
  assert.equal(put?.headers.get('idempotency-key'), null)
  assert.equal(get?.query.toString(), 'page_size=5')
  await assert.rejects(async () => client.tags.get('..'), TypeError)
})

test('a refusal is an error with its reason, and isReason narrows it to the details of that reason', async () => {
  const tm_hangup = '2026-01-02T03:04:05.123456Z'
  const { client } = start(() =>
    refuse('FAILED_PRECONDITION', 'CALL_ALREADY_HANGUP', {
      domain: 'call-manager',
      details: [{ call_id: 'c', tm_hangup }],
    }),
  )
  const error = await rejection(client.calls.hangup('c'), ApiError)
  assert.ok(isReason(error, 'CALL_NOT_FOUND', 'CALL_ALREADY_HANGUP'))
  assert.ok(error.reason === 'CALL_ALREADY_HANGUP')
  const at: string | null | undefined = error.details[0]?.tm_hangup
  const http: 409 = error.http
  assert.deepEqual([at, http, error.domain, error.retry], [tm_hangup, 409, 'call-manager', 'never'])
  assert.equal(error.help, 'https://api.test/docs/errors/CALL_ALREADY_HANGUP')
  assert.equal(isReason(error, 'CALL_NOT_FOUND'), false)
  assert.equal(isReason(new Error('CALL_ALREADY_HANGUP'), 'CALL_ALREADY_HANGUP'), false)
})

test('a POST keeps its idempotency key through every repeat, and another one has another', async () => {
  const { platform, client } = start(inTurn(breakOff, unavailable, () => ({ id: '1' })))
  await client.tags.create({ name: 'x', detail: '' })
  await client.tags.create({ name: 'x', detail: '' })
  await client.tags.create({ name: 'x', detail: '' }, { idempotencyKey: 'mine' })
  const [first, second, third, fourth, fifth] = platform.seen.map(({ headers }) => headers.get('idempotency-key'))
  assert.match(first ?? '', /^[0-9a-f]{32}$/)
  assert.deepEqual([second, third], [first, first])
  assert.notEqual(fourth, first)
  assert.equal(fifth, 'mine')
})

test('repeats come slower each time, with full jitter, and never before Retry-After', async () => {
  const { time, client } = start(
    inTurn(breakOff, breakOff, breakOff, unavailable, () => ({})),
    {
      backoff: { firstMs: 100, mostMs: 300 },
    },
  )
  await client.tags.get('1')
  assert.deepEqual(time.waits, [100, 200, 300, 1_000])
  const half = start(
    inTurn(breakOff, () => ({})),
    { backoff: { firstMs: 100 } },
  )
  half.time.dice = 0.5
  await half.client.tags.get('1')
  assert.deepEqual(half.time.waits, [50])
})

test('what stays broken is reported as what it was, with the number of attempts', async () => {
  const lost = start(breakOff, { backoff: { attempts: 3 } })
  const error = await rejection(lost.client.tags.get('1'), ConnectionError)
  assert.deepEqual([error.problem, error.attempts, lost.platform.seen.length], ['network', 3, 3])
  const down = start(unavailable, { backoff: { attempts: 2 } })
  assert.equal((await rejection(down.client.tags.get('1'), ApiError)).reason, 'SERVICE_UNAVAILABLE')
  const refused = start(() => refuse('INTERNAL', 'INTERNAL'))
  await rejection(refused.client.tags.get('1'), ApiError)
  assert.equal(refused.platform.seen.length, 1)
})

test('no repeat begins that could not end before the deadline', async () => {
  const { platform, client } = start(() => refuse('UNAVAILABLE', 'SERVICE_UNAVAILABLE', { retryAfter: 60 }))
  await rejection(client.tags.get('1', { deadlineMs: 50_000 }), ApiError)
  assert.equal(platform.seen.length, 1)
})

test('an attempt that takes too long is given up and repeated', async () => {
  const { platform, time, client } = start(inTurn(hang, () => ({ id: '1' })))
  time.late = true
  assert.equal((await client.tags.get('1')).id, '1')
  assert.equal(platform.seen.length, 2)
  const slow = start(hang, { policies: { retry: false } })
  slow.time.late = true
  assert.equal((await rejection(slow.client.tags.get('1'), ConnectionError)).problem, 'timeout')
})

test('an abort ends a request, a wait and a login with the reason of the signal', async () => {
  for (const treat of [hang, unavailable]) {
    const { client } = start(treat, { backoff: { attempts: 1_000_000 }, deadlineMs: Number.POSITIVE_INFINITY })
    const stop = new AbortController()
    const running = client.tags.get('1', { signal: stop.signal })
    setImmediate(() => stop.abort(new RangeError('enough')))
    await rejection(running, RangeError)
  }
  const stop = new AbortController()
  const waiting = start(() => ({}), { accesskey: undefined, login: () => new Promise(() => {}) })
  const running = waiting.client.tags.get('1', { signal: stop.signal })
  stop.abort(new RangeError('enough'))
  await rejection(running, RangeError)
})

test('a rate limit is waited for, as long as Retry-After says, and only where waiting helps', async () => {
  const limited = () => refuse('RESOURCE_EXHAUSTED', 'RATE_LIMIT_EXCEEDED', { retryAfter: 3 })
  const { time, client } = start(
    inTurn(limited, limited, () => ({})),
    { backoff: { firstMs: 100 } },
  )
  await client.tags.get('1')
  assert.deepEqual(time.waits, [3_100, 3_200])
  const full = start(() => refuse('RESOURCE_EXHAUSTED', 'RESOURCE_LIMIT_EXCEEDED', { domain: 'flow-manager' }))
  await rejection(full.client.tags.get('1'), ApiError)
  assert.equal(full.platform.seen.length, 1)
})

test('an expired token is renewed once for all who find out at the same time', async () => {
  let valid = 'second'
  const { platform, client } = start(
    ({ path, headers, body }) => {
      if (path === '/auth/login') {
        assert.deepEqual(body, { username: 'ann', password: 'secret' })
        return { username: 'ann', token: valid }
      }
      if (headers.get('authorization') !== `Bearer ${valid}`) return refuse('UNAUTHENTICATED', 'INVALID_CREDENTIALS')
      return { id: '1' }
    },
    { accesskey: undefined, username: 'ann', password: 'secret', token: 'first' },
  )
  const logins = () => platform.seen.filter(({ path }) => path === '/auth/login')
  await Promise.all(Array.from({ length: 20 }, () => client.tags.get('1')))
  assert.equal(logins().length, 1)
  assert.equal(logins()[0]?.headers.get('authorization'), null)
  valid = 'third'
  await client.tags.get('1')
  assert.equal(logins().length, 2)
})

test('a login that is refused, and a new token that is refused, are reported and not repeated', async () => {
  const { platform, client } = start(() => refuse('UNAUTHENTICATED', 'INVALID_CREDENTIALS'), {
    accesskey: undefined,
    username: 'ann',
    password: 'wrong',
  })
  const wrong = await rejection(client.tags.get('1'), ApiError)
  assert.ok(isReason(wrong, 'INVALID_CREDENTIALS'))
  assert.deepEqual(platform.trail, ['POST /auth/login'])
  let made = 0
  const revoked = start(() => refuse('UNAUTHENTICATED', 'INVALID_CREDENTIALS'), {
    accesskey: undefined,
    login: async () => `token ${++made}`,
  })
  await rejection(revoked.client.tags.get('1'), ApiError)
  assert.equal(made, 2)
})

test('a frozen account says when it ends, and recover() calls the endpoint that the refusal names', async () => {
  const details = [
    {
      deletion_scheduled_at: '2026-01-02T03:04:05.123456Z',
      deletion_effective_at: '2026-02-01T03:04:05.123456Z',
      recovery_endpoint: 'DELETE /auth/unregister',
    },
  ]
  let frozen = true
  const { platform, client } = start(({ method, path }) => {
    if (`${method} ${path}` === 'DELETE /auth/unregister') frozen = false
    return frozen ? refuse('PERMISSION_DENIED', 'ACCOUNT_FROZEN', { details }) : { id: '1' }
  })
  const error = await rejection(client.tags.get('1'), AccountFrozenError)
  assert.ok(isReason(error, 'ACCOUNT_FROZEN'))
  assert.equal(error.details[0]?.deletion_effective_at, '2026-02-01T03:04:05.123456Z')
  await error.recover()
  assert.equal((await client.tags.get('1')).id, '1')
  assert.equal(platform.seen[1]?.headers.get('authorization'), 'Bearer vb_key')
})

test('a recovery endpoint elsewhere is not called', async () => {
  const details = [{ recovery_endpoint: 'DELETE https://evil.test/' }]
  const { platform, client } = start(() => refuse('PERMISSION_DENIED', 'ACCOUNT_FROZEN', { details }))
  const error = await rejection(client.tags.get('1'), AccountFrozenError)
  await rejection(error.recover(), TypeError)
  assert.equal(platform.seen.length, 1)
})

test('stopping what has stopped is a success, and gives the activeflow', async () => {
  const { platform, client } = start(({ method }) =>
    method === 'GET'
      ? { id: 'f', status: 'ended' }
      : refuse('FAILED_PRECONDITION', 'ACTIVEFLOW_ALREADY_STOPPED', { domain: 'flow-manager' }),
  )
  assert.equal((await client.activeflows.stop('f')).status, 'ended')
  assert.deepEqual(platform.trail, ['POST /v1.0/activeflows/f/stop', 'GET /v1.0/activeflows/f'])
})

test('every policy can be switched off, for the client and for one request', async () => {
  const limited = () => refuse('RESOURCE_EXHAUSTED', 'RATE_LIMIT_EXCEEDED', { retryAfter: 1 })
  const expired = () => refuse('UNAUTHENTICATED', 'INVALID_CREDENTIALS')
  const stopped = () => refuse('FAILED_PRECONDITION', 'ACTIVEFLOW_ALREADY_STOPPED', { domain: 'flow-manager' })
  const cases = { retry: unavailable, rateLimit: limited, refresh: expired, alreadyDone: stopped }
  for (const [policy, refusal] of Object.entries(cases)) {
    const off = { policies: { [policy]: false } }
    const credentials = { accesskey: undefined, login: async () => 'token' }
    const healed = start(
      inTurn(refusal, () => ({ id: '1' })),
      credentials,
    )
    assert.equal((await healed.client.activeflows.stop('1')).id, '1')
    const offForAll = start(
      inTurn(refusal, () => ({ id: '1' })),
      { ...credentials, ...off },
    )
    await rejection(offForAll.client.activeflows.stop('1'), ApiError)
    const offForOne = start(
      inTurn(refusal, () => ({ id: '1' })),
      credentials,
    )
    await rejection(offForOne.client.activeflows.stop('1', off), ApiError)
    assert.equal(offForAll.platform.seen.length + offForOne.platform.seen.length, 2, policy)
  }
})

test('repeats are told, with what led to them', async () => {
  const repeats: Repeat[] = []
  const { client } = start(
    inTurn(unavailable, () => ({})),
    { onRepeat: (repeat) => repeats.push(repeat) },
  )
  await client.tags.get('1')
  assert.deepEqual(
    repeats.map(({ method, path, attempt, waitMs }) => [method, path, attempt, waitMs]),
    [['GET', '/v1.0/tags/1', 1, 1_000]],
  )
})

test('answers that are not the platform’s are told apart: a proxy that is not ready, a wrong address, a cut answer', async () => {
  const html = (status: number) => () => new Response('<p>no', { status, headers: { 'content-type': 'text/html' } })
  const proxy = start(inTurn(html(502), () => ({ id: '1' })))
  assert.equal((await proxy.client.tags.get('1')).id, '1')
  for (const treat of [html(200), html(404), () => new Response(null, { status: 302 })]) {
    const wrong = start(treat)
    assert.equal((await rejection(wrong.client.tags.get('1'), ConnectionError)).problem, 'answer')
    assert.equal(wrong.platform.seen.length, 1)
  }
  const json = { headers: { 'content-type': 'application/json' } }
  const cut = start(
    inTurn(
      () => new Response('{"id":', json),
      () => ({ id: '1' }),
    ),
  )
  assert.equal((await cut.client.tags.get('1')).id, '1')
})

test('options that cannot be meant are refused at once', () => {
  const baseUrl = 'https://api.test'
  for (const options of [
    { baseUrl: 'ftp://api.test' },
    { baseUrl: 'https://ann:secret@api.test' },
    { baseUrl: 'https://api.test?accesskey=vb_1' },
    { baseUrl, accesskey: 'a', token: 'b' },
    { baseUrl, accesskey: 'a', login: async () => '' },
    { baseUrl, username: 'ann' },
  ])
    assert.throws(() => createClient(options), TypeError, JSON.stringify(options))
})

test('a form has its texts before its files, and no content type of ours', async () => {
  const { platform, client } = start(() => ({ id: 'f' }))
  await client.storageFiles.create({ file: new File(['x'], 'x.txt'), type: 'rag', name: 'x' })
  const [request] = platform.seen
  assert.ok(request?.body instanceof FormData)
  assert.deepEqual([...request.body.keys()], ['type', 'name', 'file'])
  assert.equal(request.headers.get('content-type'), null)
})

test('a file is handed over as a response that the signal can still end', async () => {
  const { client } = start(({ signal }) => {
    const body = new ReadableStream({
      start(stream) {
        signal.addEventListener('abort', () => stream.error(signal.reason))
      },
    })
    return new Response(body, { headers: { 'content-type': 'audio/wav' } })
  })
  const stop = new AbortController()
  const response = await client.recordingfiles.get('r', {}, { signal: stop.signal })
  const reading = response.text()
  stop.abort(new RangeError('enough'))
  await rejection(reading, RangeError)
})
