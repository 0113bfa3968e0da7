import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { ManualClock } from '#platform/time'
import type { Question, Reply } from '../asking/question.ts'
import { digestChallenge } from '../digest/challenge.ts'
import { Headers } from '../message/headers.ts'
import { SipError } from '../message/sip-error.ts'
import { reply, testStack } from '../test-stack.ts'
import { until } from '../udp-peer.ts'
import { grantedSeconds, minExpiresOf } from './granted.ts'
import type { RegistrationOptions, RegistrationState } from './outbound-registration.ts'
import { OutboundRegistrations } from './outbound-registrations.ts'

const OPTIONS: RegistrationOptions = {
  ...{ contactUser: 'r1', registrar: 'sip:carrier.example', aor: 'sip:acme@carrier.example', expiresSeconds: 600 },
}

const headersOf = (lines: Record<string, string>) => {
  const headers = new Headers()
  headers.appendAll(lines)
  return headers
}
const says = (status: number, lines: Record<string, string> = {}): Reply => ({
  ...{ outcome: 'answered', status, reason_phrase: 'X', headers: headersOf(lines), body: Buffer.alloc(0) },
  ...{ remote: { address: '192.0.2.1', port: 5060 }, transport: 'udp' },
})

/** A registrar that answers as it is told, one REGISTER after the other, and what we are told of it. */
function registering(answer: (question: Question, nth: number) => Reply | Promise<Reply>) {
  const clock = new ManualClock()
  const asked: Question[] = []
  const states: RegistrationState[] = []
  const ask = async (question: Question) => answer(question, asked.push(question))
  const all = new OutboundRegistrations({ clock, ids: sequentialIds(), ask }, (_, state) => states.push(state))
  const settled = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    return states.at(-1)
  }
  return { clock, all, asked, states, settled }
}

const expiresOf = (question: Question | undefined) => question?.contact?.parameters?.get('expires')

test('a registration is made, refreshed well before it ends, and taken back at the end', async () => {
  const { clock, all, asked, states, settled } = registering(() => says(200, { Contact: '<sip:r1@us>;expires=400' }))
  assert.equal(await all.put(OPTIONS), true)
  const state = await settled()
  assert.ok(state?.type === 'registered' && state.expires_seconds === 400)
  const [first] = asked
  assert.deepEqual(
    [first?.method, first?.uri, first?.to, expiresOf(first)],
    ['REGISTER', 'sip:carrier.example', '<sip:acme@carrier.example>', '600'],
  )
  assert.equal(first?.contact?.user, 'r1')
  assert.equal(all.find('r1')?.state, state)

  clock.advance(199_999)
  assert.equal(asked.length, 1)
  clock.advance(100_001)
  await settled()
  assert.equal(asked.length, 2, 'half to three quarters of its time')
  assert.equal(asked[1]?.callId, first?.callId)

  await all.stop()
  assert.equal(expiresOf(asked.at(-1)), '0')
  assert.equal(states.at(-1)?.type, 'unregistered')
  assert.equal(clock.pending, 0)
  assert.equal(all.find('r1'), undefined)
})

test('too short a time is asked for anew, longer, once (423)', async () => {
  const { all, asked, settled } = registering((_, nth) => says(423, { 'Min-Expires': String(nth * 1_800) }))
  await all.put(OPTIONS)
  const state = await settled()
  assert.deepEqual(asked.map(expiresOf), ['600', '1800'])
  assert.ok(state?.type === 'refused' && state.status === 423)
  await all.stop()
  assert.equal(asked.length, 2, 'what was refused is not taken back')
})

test('patience grows from half a minute to half an hour', async () => {
  const { clock, all, settled } = registering(() => ({ outcome: 'no_answer', tried: [] }))
  await all.put(OPTIONS)
  let mostMs = 30_000
  for (let failures = 0; failures < 9; failures++) {
    const state = await settled()
    assert.ok(state?.type === 'unreachable' && state.reply.outcome === 'no_answer')
    assert.ok(state.retry_in_ms >= mostMs / 2 && state.retry_in_ms <= mostMs, `${failures}: ${state.retry_in_ms}`)
    clock.advance(state.retry_in_ms)
    mostMs = Math.min(2 * mostMs, 1_800_000)
  }
  await all.stop()
  assert.equal(clock.pending, 0)
})

test('a registrar that asks for patience has it, for an hour at most', async () => {
  const { clock, all, settled, asked } = registering((_, nth) =>
    nth === 1 ? says(503, { 'Retry-After': '120 (busy)' }) : says(503, { 'Retry-After': '99999999' }),
  )
  await all.put(OPTIONS)
  const first = await settled()
  assert.ok(first?.type === 'refused' && first.retry_in_ms === 120_000)
  clock.advance(120_000)
  const second = await settled()
  assert.ok(second?.type === 'refused' && second.retry_in_ms === 3_600_000)
  assert.equal(asked.length, 2)
  await all.stop()
})

test('a registrar that takes us for no time at all has refused us', async () => {
  const { all, settled } = registering(() => says(200, { Contact: '<sip:r1@us>;expires=0' }))
  await all.put(OPTIONS)
  assert.equal((await settled())?.type, 'refused')
  await all.stop()
})

test('one that is stopped while it waits for its answer is taken back, and the answer changes nothing', async () => {
  let answer: (reply: Reply) => void = () => {}
  const { all, asked, states, settled } = registering((_, nth) =>
    nth === 1
      ? new Promise((resolve) => {
          answer = resolve
        })
      : says(200),
  )
  await all.put(OPTIONS)
  await all.stop()
  assert.equal(expiresOf(asked[1]), '0')
  answer(says(200))
  await settled()
  assert.deepEqual(
    states.map(({ type }) => type),
    ['registering', 'unregistered'],
  )
})

test('many registrations begin twenty at a time, and a new one takes the place of its Contact', async () => {
  const waiting: ((reply: Reply) => void)[] = []
  const { all, asked, settled } = registering(() => new Promise((resolve) => waiting.push(resolve)))
  for (let nth = 0; nth < 50; nth++) await all.put({ ...OPTIONS, contactUser: `r${nth}` })
  await settled()
  assert.equal(asked.length, 20)
  for (let served = 0; served < 50; served++) {
    waiting.shift()?.(says(200))
    await settled()
  }
  assert.equal(asked.length, 50)
  const replacing = all.put({ ...OPTIONS, aor: 'sip:other@carrier.example' })
  await settled()
  assert.equal(expiresOf(asked.at(-1)), '0')
  waiting.shift()?.(says(200))
  await replacing
  await settled()
  assert.equal(asked.at(-1)?.to, '<sip:other@carrier.example>')
})

test('what cannot be written is refused before anything is asked', async () => {
  const { all, asked } = registering(() => says(200))
  await assert.rejects(all.put({ ...OPTIONS, aor: 'nobody' }), SipError)
  await assert.rejects(all.put({ ...OPTIONS, registrar: 'sip:' }), SipError)
  const credentials = { username: 'a\r\nX-Own: yes', password: 'secret', realm: 'r' }
  await assert.rejects(all.put({ ...OPTIONS, credentials }), SipError)
  assert.equal(asked.length, 0)
})

const granted: [what: string, lines: Record<string, string>, seconds: number][] = [
  ['what stands at our Contact', { Contact: '<sip:x@y>;expires=5, <sip:r1@us>;expires=70', Expires: '9' }, 70],
  ['the only Contact, written anew by somebody', { Contact: '<sip:other@edge>;expires=80' }, 80],
  ['Expires where our Contact says nothing', { Contact: '<sip:r1@us>', Expires: '90' }, 90],
  ['what we asked for where nothing is said', {}, 600],
  ['nothing of a Contact that cannot be read', { Contact: '<sip:r1@us', Expires: '100' }, 100],
  ['a number that is none', { Contact: '<sip:r1@us>;expires=soon', Expires: '-1' }, 600],
  ['a day at most', { Contact: '<sip:r1@us>;expires=4294967295' }, 86_400],
]
for (const [what, lines, seconds] of granted)
  test(`how long a registration stands: ${what}`, () => {
    assert.equal(grantedSeconds(headersOf(lines), 'r1', 600), seconds)
  })

test('Min-Expires is believed for a day at most', () => {
  for (const [text, seconds] of [
    ['60', 60],
    ['0', undefined],
    ['86401', undefined],
    ['x', undefined],
  ] as const)
    assert.equal(minExpiresOf(headersOf({ 'Min-Expires': text })), seconds)
})

test('on the wire: a registrar that asks who we are is told, and an INVITE that comes back names the registration', async (t) => {
  const credentials = { username: 'acme', password: 'secret', realm: 'carrier.example' }
  const { stack, clock, phone } = await testStack(t)
  const states: RegistrationState[] = []
  const ask = (question: Question) => stack.ask(question)
  const all = new OutboundRegistrations({ clock, ids: sequentialIds(), ask }, (_, state) => states.push(state))
  await all.put({ ...OPTIONS, registrar: `sip:127.0.0.1:${phone.port}`, credentials })
  const challenge = digestChallenge({ realm: credentials.realm, nonce: 'n1' })
  const first = await phone.request('REGISTER')
  assert.equal(first.from.uri.text, OPTIONS.aor)
  await phone.send(reply(first, 401, [`WWW-Authenticate: ${challenge[0]}`]))
  const proven = await phone.request('REGISTER')
  assert.match(proven.headers.get('authorization') ?? '', /^Digest username="acme"/)
  assert.ok(proven.cseq.number > first.cseq.number)
  const [contact] = proven.contacts
  assert.ok(contact?.uri.kind === 'sip' && contact.uri.user === 'r1' && contact.parameters.get('expires') === '600')
  await phone.send(reply(proven, 200, [`Contact: ${proven.headers.get('contact')}`]))
  await until('it is registered', () => states.at(-1)?.type === 'registered')
  const stopping = all.stop()
  const last = await phone.request('REGISTER')
  assert.equal(last.contacts[0]?.uri.text, contact.uri.text)
  await phone.send(reply(last, 200))
  await stopping
  assert.equal(states.at(-1)?.type, 'unregistered')
})

test('a registrar that cannot even be asked is tried again later, and taken back without a word', async () => {
  const { clock, all, asked, settled } = registering(() => {
    throw new SipError('forbidden characters', 'a header holds CR, LF or NUL')
  })
  await all.put(OPTIONS)
  const state = await settled()
  assert.ok(state?.type === 'unreachable' && state.reply.outcome === 'unreachable')
  clock.advance(state.retry_in_ms)
  await settled()
  assert.equal(asked.length, 2)
  await all.stop()
  assert.equal(clock.pending, 0)
})

test('where the connection that the registrar calls us over breaks, the registration is made anew within half a minute', async () => {
  const remote = { address: '192.0.2.1', port: 5060 }
  const over = (transport: 'udp' | 'tcp'): Reply => ({
    ...{ ...says(200, { Contact: '<sip:r1@us>;expires=600' }), outcome: 'answered' as const },
    ...{ status: 200, reason_phrase: 'OK', headers: headersOf({ Contact: '<sip:r1@us>;expires=600' }) },
    ...{ body: Buffer.alloc(0), remote, transport },
  })
  const { clock, all, asked, settled } = registering((_, nth) => over(nth === 1 ? 'tcp' : 'udp'))
  await all.put(OPTIONS)
  await settled()
  all.flowClosed({ remote: { ...remote, port: 5061 } })
  clock.advance(30_000)
  await settled()
  assert.equal(asked.length, 1, 'another connection')
  all.flowClosed({ remote })
  clock.advance(30_000)
  await settled()
  assert.equal(asked.length, 2)
  all.flowClosed({ remote })
  clock.advance(30_000)
  await settled()
  assert.equal(asked.length, 2, 'over UDP there is no connection to break')
  await all.stop()
})
