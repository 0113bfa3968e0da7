import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt, SignJWT } from 'jose'
import { ManualClock } from '#platform/time'
import { type Claims, Tokens } from './tokens.ts'

const claims: Claims = {
  type: 'agent',
  agent_id: '00000000-0000-4000-8000-00000000000a',
  customer_id: '00000000-0000-4000-8000-00000000000c',
  token_version: 3,
}
const secret = new Uint8Array(32).fill(7)

function setUp() {
  const clock = new ManualClock()
  return { clock, tokens: new Tokens({ secret, clock }) }
}

test('a token says who, and until when in both ways, and nothing about permissions', async () => {
  const { tokens } = setUp()
  const { token } = await tokens.sign(claims)
  const { exp, ...payload } = decodeJwt(token)
  assert.deepEqual(payload, {
    type: 'agent',
    agent: { id: claims.agent_id, customer_id: claims.customer_id },
    token_version: 3,
    expire: '2026-01-09T03:04:05.000000Z',
    iat: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000,
  })
  assert.equal(exp, Date.UTC(2026, 0, 9, 3, 4, 5) / 1000)
  assert.deepEqual(await tokens.read(token), { ...claims, issued_ms: Date.UTC(2026, 0, 2, 3, 4, 5) })
})

test('a token ends after seven days', async () => {
  const { tokens, clock } = setUp()
  const { token } = await tokens.sign(claims)
  clock.advance(7 * 86_400_000 - 1)
  assert.equal((await tokens.read(token))?.type, 'agent')
  clock.advance(1)
  assert.equal(await tokens.read(token), undefined)
})

test('a token of another secret, without signature, damaged or of another type says nothing', async () => {
  const { tokens, clock } = setUp()
  const { token: good } = await tokens.sign(claims)
  const { token: other } = await new Tokens({ secret: new Uint8Array(32).fill(8), clock }).sign(claims)
  const [header, payload, signature] = good.split('.')
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
  const direct = await new SignJWT({ ...decodeJwt(good), type: 'direct' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(secret)
  const wrong = [
    other,
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    `${header}.${payload}.`,
    direct,
    '',
    '...',
    'x',
  ]
  for (const token of wrong) assert.equal(await tokens.read(token), undefined, token)
})

test('a secret that is too short to keep anything secret is refused', () => {
  assert.throws(() => new Tokens({ secret: new Uint8Array(31), clock: new ManualClock() }), /32 bytes/)
})

const CUSTOMER = '00000000-0000-4000-8000-00000000000c'
const direct: Claims = {
  type: 'direct',
  customer_id: CUSTOMER,
  resource_type: 'ai',
  resource_id: '00000000-0000-4000-8000-0000000000a1',
  allowed_resource_types: ['aicall'],
}
const delegate: Claims = {
  type: 'delegate',
  delegation_id: '00000000-0000-4000-8000-0000000000d1',
  customer_id: CUSTOMER,
  agent_id: '00000000-0000-4000-8000-00000000000a',
  agent_customer_id: '00000000-0000-4000-8000-0000000000c2',
  token_version: 1,
}

test('a direct token holds for four hours, a delegate token for eight', async () => {
  for (const [of, hours] of [
    [direct, 4],
    [delegate, 8],
  ] as const) {
    const { tokens, clock } = setUp()
    const { token, expire } = await tokens.sign(of)
    assert.equal(expire, `2026-01-02T${String(3 + hours).padStart(2, '0')}:04:05.000000Z`)
    assert.deepEqual(await tokens.read(token), { ...of, issued_ms: clock.wallMs() })
    clock.advance(hours * 3_600_000)
    assert.equal(await tokens.read(token), undefined)
  }
})

test('a delegate token is for us and says so, who issued it, and by which row it is found', async () => {
  const { tokens } = setUp()
  const payload = decodeJwt((await tokens.sign(delegate)).token)
  assert.deepEqual([payload.aud, payload.sub, payload.jti], ['voipbin-api', delegate.agent_id, delegate.delegation_id])
  for (const aud of ['another-api', undefined, ['voipbin-api', 'another-api']]) {
    const { aud: _, ...rest } = payload
    const token = await new SignJWT({ ...rest, ...(aud ? { aud } : {}) })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secret)
    assert.equal(await tokens.read(token), undefined)
  }
})
