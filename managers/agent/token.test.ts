import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt, SignJWT } from 'jose'
import { ManualClock } from '#platform/time'
import { AgentTokens } from './token.ts'

const claims = {
  agent_id: '00000000-0000-4000-8000-00000000000a',
  customer_id: '00000000-0000-4000-8000-00000000000c',
  token_version: 3,
}
const secret = new Uint8Array(32).fill(7)

function setUp() {
  const clock = new ManualClock()
  return { clock, tokens: new AgentTokens({ secret, clock }) }
}

test('a token says who, and until when in both ways, and nothing about permissions', async () => {
  const { tokens } = setUp()
  const token = await tokens.sign(claims)
  const { exp, ...payload } = decodeJwt(token)
  assert.deepEqual(payload, {
    type: 'agent',
    agent: { id: claims.agent_id, customer_id: claims.customer_id },
    token_version: 3,
    expire: '2026-01-09T03:04:05.000000Z',
    iat: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000,
  })
  assert.equal(exp, Date.UTC(2026, 0, 9, 3, 4, 5) / 1000)
  assert.deepEqual(await tokens.read(token), claims)
})

test('a token ends after seven days', async () => {
  const { tokens, clock } = setUp()
  const token = await tokens.sign(claims)
  clock.advance(7 * 86_400_000 - 1)
  assert.deepEqual(await tokens.read(token), claims)
  clock.advance(1)
  assert.equal(await tokens.read(token), undefined)
})

test('a token of another secret, without signature, damaged or of another type says nothing', async () => {
  const { tokens, clock } = setUp()
  const good = await tokens.sign(claims)
  const other = await new AgentTokens({ secret: new Uint8Array(32).fill(8), clock }).sign(claims)
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
  assert.throws(() => new AgentTokens({ secret: new Uint8Array(31), clock: new ManualClock() }), /32 bytes/)
})
