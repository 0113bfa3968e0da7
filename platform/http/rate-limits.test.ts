import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#platform/time'
import { apiClient, assertReason } from '#testkit'
import type { RateLimitSettings } from './rate-limits.ts'
import { RateLimits } from './rate-limits.ts'
import { probe, startServer } from './test-server.ts'
import { TokenBuckets } from './token-buckets.ts'

const off = { perSecond: 0, burst: 0 }
const none: RateLimitSettings = {
  ...{ authPublic: off, authProtected: off, v1: off },
  ...{ customer: off, customerDirect: off, customerDelegate: off },
}

/** A few routes behind limits, and the clock that fills the buckets. */
async function limited(settings: Partial<RateLimitSettings>) {
  const clock = new ManualClock()
  const ok = () => ({ name: 'tea' })
  const at = await startServer(
    [
      probe(ok, { path: '/open' }),
      probe(ok, { path: '/mine', allow: 'customer' }),
      probe(ok, { path: '/auth/open', root: 'too' }),
      probe(ok, { path: '/auth/mine', root: 'too', allow: 'customer' }),
    ],
    { limits: new RateLimits({ ...none, ...settings }, clock) },
  )
  return { ...at, clock }
}

test('an address may ask so often and no more; after the seconds of Retry-After it may again', async () => {
  await using at = await limited({ v1: { perSecond: 0.5, burst: 2 } })
  const client = apiClient(at.url)
  assert.equal((await client.get('/v1.0/open')).status, 200)
  assert.equal((await client.get('/v1.0/open')).status, 200)
  at.clock.advance(500)
  const refusal = await client.get('/v1.0/open')
  assertReason(refusal, 429, 'RATE_LIMIT_EXCEEDED')
  assert.deepEqual(refusal.body.error.details, [{ limited_by: 'ip', retry_after: 2, per_second: 0.5, burst: 2 }])
  assert.equal(refusal.headers.get('retry-after'), '2')
  at.clock.advance(1_500)
  assert.equal((await client.get('/v1.0/open')).status, 200)
  assertReason(await client.get('/v1.0/open'), 429, 'RATE_LIMIT_EXCEEDED')
})

test('what does not exist counts as well; health, ping and preflight never do', async () => {
  await using at = await limited({ v1: { perSecond: 1, burst: 1 } })
  const client = apiClient(at.url)
  assertReason(await client.get('/v1.0/nowhere'), 404, 'ROUTE_NOT_FOUND')
  assertReason(await client.get('/v1.0/nowhere'), 429, 'RATE_LIMIT_EXCEEDED')
  for (let time = 0; time < 3; time++) {
    assert.equal((await client.get('/ping')).status, 200)
    assert.equal((await client.get('/health')).status, 200)
    assert.equal((await client.send('OPTIONS', '/v1.0/open')).status, 204)
  }
})

test('logging in has a limit of its own, under either prefix, and so has what needs a login there', async () => {
  await using at = await limited({ authPublic: { perSecond: 1, burst: 1 }, authProtected: { perSecond: 1, burst: 2 } })
  const client = apiClient(at.url, { token: 'agent' })
  assert.equal((await client.get('/auth/open')).status, 200)
  assertReason(await client.get('/v1.0/auth/open'), 429, 'RATE_LIMIT_EXCEEDED')
  assert.equal((await client.get('/auth/mine')).status, 200)
  assert.equal((await client.get('/v1.0/auth/mine')).status, 200)
  assertReason(await client.get('/auth/mine'), 429, 'RATE_LIMIT_EXCEEDED')
  assert.equal((await client.get('/v1.0/open')).status, 200)
})

test('all agents and keys of a customer share its limit, which is asked once it is known who they are', async () => {
  await using at = await limited({ customer: { perSecond: 1, burst: 2 }, customerDirect: { perSecond: 1, burst: 1 } })
  assertReason(await apiClient(at.url).get('/v1.0/mine'), 401, 'AUTHENTICATION_REQUIRED')
  assert.equal((await apiClient(at.url, { token: 'agent' }).get('/v1.0/mine')).status, 200)
  assert.equal((await apiClient(at.url, { accesskey: 'vb_admin' }).get('/v1.0/mine')).status, 200)
  const refusal = await apiClient(at.url, { token: 'manager' }).get('/v1.0/mine')
  assertReason(refusal, 429, 'RATE_LIMIT_EXCEEDED')
  assert.equal(refusal.body.error.details[0].limited_by, 'customer')
  assertReason(await apiClient(at.url, { token: 'direct' }).get('/v1.0/mine'), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
  assertReason(await apiClient(at.url, { token: 'direct' }).get('/v1.0/mine'), 429, 'RATE_LIMIT_EXCEEDED')
  assert.equal((await apiClient(at.url).get('/v1.0/open')).status, 200)
})

test('a bucket gives its burst at once and then its rate, for as long as one likes', () => {
  const clock = new ManualClock()
  const buckets = new TokenBuckets({ perSecond: 3, burst: 5 }, clock)
  const taken = () => Array.from({ length: 20 }, () => buckets.take('a')).filter((waitMs) => waitMs === 0).length
  assert.equal(taken(), 5)
  let later = 0
  for (let ms = 0; ms < 60_000; ms += 100) {
    clock.advance(100)
    later += taken()
  }
  assert.equal(later, 180)
  assert.equal(buckets.take('b'), 0)
})

test('a crowd of addresses does not grow the memory, and does not free the one that asks too often', () => {
  const clock = new ManualClock()
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, clock)
  for (let key = 0; key < 150_000; key++) buckets.take(`old ${key}`)
  assert.ok(buckets.size <= 100_000)
  clock.advance(2_000)
  buckets.take('busy')
  for (let key = 0; key < 90_000; key++) buckets.take(`new ${key}`)
  assert.ok(buckets.take('busy') > 0)
})

test('who has an IPv6 network is one asker', () => {
  const limits = new RateLimits({ ...none, v1: { perSecond: 1, burst: 1 } }, new ManualClock())
  limits.checkAddress('2001:db8:1:2::1', '/v1.0/open', false)
  assert.throws(() => limits.checkAddress('2001:db8:1:2:ffff::9', '/v1.0/open', false))
  limits.checkAddress('2001:db8:1:3::1', '/v1.0/open', false)
})
