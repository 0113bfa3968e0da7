import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalName, Headers } from '#telecom/sip'
import { callerIdentity, wantsPrivacy } from './caller-id.ts'

const of = { customer_id: '5e0a6f0e-1111-4222-8333-944455556666', base: 'strowger.test' }
const source = { type: 'tel' as const, target: '+14155550100', target_name: 'Ann' }
const tel = { type: 'tel' as const, target: '+14155550123' }

test('an anonymous caller is named to the telephone network alone, which is asked to withhold it (RFC 3325)', () => {
  const { from, headers } = callerIdentity(source, tel, { ...of, anonymous: true })
  assert.equal(from, '"Anonymous" <sip:anonymous@anonymous.invalid>')
  assert.deepEqual(headers, { Privacy: 'id', 'P-Asserted-Identity': '<tel:+14155550100>' })
})

test('a source that is no number is not asserted, and still not shown', () => {
  const { from, headers } = callerIdentity({ type: 'sip', target: 'a@b.example' }, tel, { ...of, anonymous: true })
  assert.equal(from, '"Anonymous" <sip:anonymous@anonymous.invalid>')
  assert.deepEqual(headers, { Privacy: 'id' })
})

test('nobody is anonymous inside and to SIP addresses, and nobody who did not ask', () => {
  for (const destination of [
    { type: 'sip' as const, target: 'c@d.example' },
    { type: 'extension' as const, target_name: '1000' },
  ])
    assert.match(callerIdentity(source, destination, { ...of, anonymous: true }).from, /^"Ann" <sip:\+14155550100@/)
  const shown = callerIdentity(source, tel, { ...of, anonymous: false })
  assert.match(shown.from, /^"Ann" <sip:\+14155550100@/)
  assert.equal(shown.headers, undefined)
})

test('a caller asks for privacy by the word id, alone or among others', () => {
  for (const [values, wanted] of [
    [['id'], true],
    [['ID'], true],
    [['header;id;critical'], true],
    [['user', ' id '], true],
    [['none'], false],
    [['identity'], false],
    [[], false],
  ] as const)
    assert.equal(wantsPrivacy({ headers: headersOf(values) }), wanted, values.join())
})

function headersOf(values: readonly string[]): Headers {
  return new Headers(
    values.map(() => canonicalName('privacy')),
    [...values],
  )
}
