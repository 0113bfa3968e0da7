import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertedIdentity, privacyOf } from './asserted-identity.ts'
import { diversionsOf } from './diversion.ts'
import { Headers } from './headers.ts'
import { historyOf } from './history-info.ts'
import { SipRequest } from './message.ts'
import { phoneNumberOf } from './phone-number.ts'
import { SipError } from './sip-error.ts'
import { parseUri } from './uri.ts'

function withLines(name: string, ...lines: string[]): SipRequest {
  const headers = new Headers()
  for (const line of lines) headers.append(name, line)
  return new SipRequest({ method: 'INVITE', uri: 'sip:a@b', headers })
}

const said = (...lines: string[]) => {
  const { sip, tel } = assertedIdentity(withLines('P-Asserted-Identity', ...lines))
  return [sip?.uri.text, sip?.displayName, tel?.uri.number]
}

test('a carrier says who calls by address, by number, or by both (RFC 3325)', () => {
  assert.deepEqual(said('"Cullen Jennings" <sip:fluffy@cisco.com>', '<tel:+14085264000>'), [
    ...['sip:fluffy@cisco.com', 'Cullen Jennings', '+14085264000'],
  ])
  assert.deepEqual(said('tel:+14085264000, sip:a@b'), ['sip:a@b', '', '+14085264000'])
  assert.deepEqual(said('sip:first@b', 'sip:second@b'), ['sip:first@b', '', undefined])
  assert.deepEqual(said(), [undefined, undefined, undefined])
})

test('an identity that cannot be read is none, and the other one stays', () => {
  assert.deepEqual(said('<sip:', '<tel:+1>'), [undefined, undefined, '+1'])
  assert.deepEqual(said('nobody, <tel:+1>'), [undefined, undefined, '+1'])
  assert.deepEqual(said('<mailto:a@b>'), [undefined, undefined, undefined])
  assert.deepEqual(said('sip:a@b', 'x'.repeat(10_000)), [undefined, undefined, undefined])
})

test('what a caller wants to be withheld is a list (RFC 3323)', () => {
  assert.deepEqual([...privacyOf(withLines('Privacy', 'ID; header ;critical'))], ['id', 'header', 'critical'])
  assert.deepEqual([...privacyOf(withLines('Privacy', ';;'))], [])
  assert.equal(privacyOf(withLines('Privacy', Array.from({ length: 100 }, (_, at) => `p${at}`).join(';'))).size, 8)
})

test('who sent a call on, and why (RFC 5806)', () => {
  const request = withLines(
    'Diversion',
    '"Bob, not in" <sip:bob@example.com>;reason=user-busy;screen=yes;privacy=full, <tel:+1555>;counter=3;reason="No-Answer"',
    'sip:carol@example.com',
  )
  assert.deepEqual(
    diversionsOf(request).map(({ uri, ...rest }) => ({ uri: uri.text, ...rest })),
    [
      {
        uri: 'sip:bob@example.com',
        displayName: 'Bob, not in',
        reason: 'user-busy',
        counter: 1,
        privacy: 'full',
        screened: true,
      },
      { uri: 'tel:+1555', displayName: '', reason: 'no-answer', counter: 3, privacy: 'off', screened: false },
      { uri: 'sip:carol@example.com', displayName: '', reason: 'unknown', counter: 1, privacy: 'off', screened: false },
    ],
  )
  const many = withLines('Diversion', ...Array.from({ length: 100 }, () => '<sip:a@b>;counter=99999'))
  assert.equal(diversionsOf(many).length, 20)
  assert.equal(diversionsOf(many)[0]?.counter, 1)
})

test('where a call has been (RFC 7044)', () => {
  const request = withLines(
    'History-Info',
    '<sip:bob@example.com>;index=1',
    '"Bob" <sip:bob@192.0.2.4?Reason=SIP%3Bcause%3D302&Privacy=history>;index=1.1;rc=1, <sip:voicemail@example.com>;index=1.2;mp=1',
  )
  assert.deepEqual(
    historyOf(request).map(({ uri, ...rest }) => ({ uri: uri.kind === 'sip' && uri.user, ...rest })),
    [
      { uri: 'bob', displayName: '', index: [1], cause: undefined, reason: undefined, withheld: false },
      {
        uri: 'bob',
        displayName: 'Bob',
        index: [1, 1],
        cause: { kind: 'rc', from: '1' },
        reason: 'SIP;cause=302',
        withheld: true,
      },
      {
        uri: 'voicemail',
        displayName: '',
        index: [1, 2],
        cause: { kind: 'mp', from: '1' },
        reason: undefined,
        withheld: false,
      },
    ],
  )
  assert.deepEqual(historyOf(withLines('History-Info', '<sip:a@b?Reason=%ZZ&=x&y>;index=1.x'))[0]?.index, [])
})

const numbers: [uri: string, digits: string | undefined, context?: string][] = [
  ['tel:+1-(408).526-4000', '+14085264000'],
  ['tel:7042;phone-context=example.com', '7042', 'example.com'],
  ['tel:863-1234;phone-context=+1-914-555', '8631234', '+1-914-555'],
  ['sip:+358-555-1234567;postd=pp22@foo.com;user=phone', '+3585551234567'],
  ['sip:030123;phone-context=+49@carrier.example;user=phone', '030123', '+49'],
  ['sip:+14085264000@carrier.example', '+14085264000'],
  ['sip:4085264000@carrier.example', undefined],
  ['sip:bob@carrier.example;user=phone', undefined],
  ['sip:+1a@carrier.example', undefined],
  ['sip:+@carrier.example;user=phone', undefined],
  ['sip:carrier.example;user=phone', undefined],
  ['sip:*69@carrier.example;user=phone', '*69'],
  [`tel:+${'1'.repeat(33)}`, undefined],
  ['urn:service:sos', undefined],
]
for (const [text, digits, context = ''] of numbers)
  test(`the number that ${text.slice(0, 60)} means is ${digits ?? 'none'}`, () => {
    const number = phoneNumberOf(parseUri(text))
    assert.deepEqual(number && [number.digits, number.context], digits === undefined ? undefined : [digits, context])
    if (number) assert.equal(number.global, digits?.startsWith('+'))
  })

test('a number that was ported says where it is routed to (RFC 4694)', () => {
  const number = phoneNumberOf(parseUri('tel:+1-202-533-1234;npdi;rn=+1-202-544-0000;ext=17;isub=x'))
  assert.deepEqual(
    [number?.routingNumber, number?.isPortabilityDone, number?.extension],
    ['+1-202-544-0000', true, '17'],
  )
})

test('nothing that a stranger writes is more than not read', () => {
  let seed = 7
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const pieces = [
    '<',
    '>',
    '"',
    ';',
    ',',
    '=',
    '?',
    '&',
    '%',
    '\\',
    ' ',
    'sip:',
    'tel:',
    '+1',
    'a@b',
    'index=1.1',
    'reason',
    '[::1]',
    '\u{1f4de}',
  ]
  for (let round = 0; round < 5_000; round++) {
    const line = Array.from({ length: next(12) }, () => pieces[next(pieces.length)]).join('')
    for (const read of [assertedIdentity, privacyOf, diversionsOf, historyOf])
      for (const name of ['P-Asserted-Identity', 'Privacy', 'Diversion', 'History-Info']) read(withLines(name, line))
    try {
      phoneNumberOf(parseUri(line))
    } catch (error) {
      assert.ok(error instanceof SipError)
    }
  }
})
