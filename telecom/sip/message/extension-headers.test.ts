import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { minSeOf, sessionExpiresOf } from '../dialog/session-interval.ts'
import { Headers } from './headers.ts'
import { SipRequest, SipResponse } from './message.ts'
import { rackOf, rseqOf } from './rack.ts'
import { readRefer } from './refer-to.ts'
import { parseReplaces, replacesOf } from './replaces.ts'
import { SipError } from './sip-error.ts'

function request(...lines: [string, string][]): SipRequest {
  const headers = new Headers()
  for (const [name, value] of lines) headers.append(name, value)
  return new SipRequest({ method: 'REFER', uri: 'sip:a@b', headers })
}

test('whatever stands in RAck, Session-Expires, Min-SE, Refer-To, Referred-By or Replaces, nothing but a SipError is thrown', () => {
  const pieces = fc.constantFrom(
    ...['sip:a@b', '<', '>', ';', '?', '=', '&', '%3B', '%', 'Replaces', 'to-tag=', 'from-tag=', 'early-only'],
    ...['refresher=', 'uac', '12', '4294967296', ' ', 'INVITE', '"', ',', 'x', 'method=', 'ü'],
  )
  const value = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replace(/[\r\n\0]/g, '')),
  )
  fc.assert(
    fc.property(value, value, (one, two) => {
      const message = request(
        ['RAck', one],
        ['Session-Expires', one],
        ['Min-SE', one],
        ['Refer-To', one],
        ['Referred-By', two],
        ['Replaces', one],
      )
      for (const read of [rackOf, sessionExpiresOf, minSeOf, readRefer, replacesOf] as const) {
        try {
          read(message)
        } catch (error) {
          assert.ok(error instanceof SipError, String(error))
          assert.ok(error.status >= 400 && error.status < 500)
        }
      }
    }),
    { numRuns: 2_000 },
  )
})

test('Replaces names a dialog by three parts, in whatever order they stand', () => {
  const wanted = { call_id: '98732@sip.example.com', to_tag: 'r33th4x0r', from_tag: 'ff87ff', early_only: false }
  assert.deepEqual(parseReplaces('98732@sip.example.com ;from-tag=ff87ff ;to-tag=r33th4x0r'), wanted)
  assert.deepEqual(parseReplaces('98732@sip.example.com;to-tag=r33th4x0r;x=y;from-tag=ff87ff;early-only'), {
    ...wanted,
    early_only: true,
  })
  for (const text of ['', ';to-tag=a;from-tag=b', '1;to-tag=a', '1;from-tag=a', '1;to-tag=a;from-tag="b c"'])
    assert.throws(() => parseReplaces(text), SipError)
  assert.throws(() => parseReplaces(`1;to-tag=${'a'.repeat(257)};from-tag=b`), SipError)
})

test('the target of a REFER has neither headers nor method left', () => {
  const read = (value: string) => readRefer(request(['r', value])).target
  assert.equal(read('sip:carol@example.com'), 'sip:carol@example.com')
  assert.equal(
    read('<sips:carol@example.com:5061;transport=tcp;method=INVITE;x=1?Subject=hi>'),
    'sips:carol@example.com:5061;transport=tcp;x=1',
  )
  assert.equal(read('<sip:carol?x@example.com?>'), 'sip:carol?x@example.com')
  assert.equal(read('<tel:+4930123456;phone-context=example.com>'), 'tel:+4930123456;phone-context=example.com')
})

test('only a provisional response with Require: 100rel and a proper RSeq wants a PRACK', () => {
  const rseq = (status: number, require: string, value: string) => {
    const headers = new Headers()
    headers.append('Require', require)
    headers.append('RSeq', value)
    return rseqOf(new SipResponse({ status, reason: 'X', headers }))
  }
  assert.equal(rseq(183, 'timer, 100rel', '17'), 17)
  for (const [status, require, value] of [
    [100, '100rel', '17'],
    [200, '100rel', '17'],
    [183, 'timer', '17'],
    [183, '100rel', '0'],
    [183, '100rel', '4294967296'],
    [183, '100rel', '-1'],
  ] as const)
    assert.equal(rseq(status, require, value), undefined)
})
