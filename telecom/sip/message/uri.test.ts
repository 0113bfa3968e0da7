import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SipError } from './sip-error.ts'
import { parseUri, sipUri } from './uri.ts'

test('every form of URI gives its parts', () => {
  const sip = parseUri('sips:%2B44%2020:secret@Example.COM:5061;Transport=TLS;lr?subject=x&a=b')
  assert.deepEqual(sip, {
    kind: 'sip',
    scheme: 'sips',
    user: '+44 20',
    password: 'secret',
    host: 'example.com',
    port: 5061,
    parameters: new Map([
      ['transport', 'TLS'],
      ['lr', ''],
    ]),
    headers: 'subject=x&a=b',
    text: 'sips:%2B44%2020:secret@Example.COM:5061;Transport=TLS;lr?subject=x&a=b',
  })
  const v6 = parseUri('sip:[2001:db8::1]:5060')
  assert.deepEqual(v6.kind === 'sip' && [v6.host, v6.port, v6.user], ['[2001:db8::1]', 5060, ''])
  const tel = parseUri('tel:+1-201-555-0123;phone-context=example.com')
  assert.equal(tel.kind === 'tel' && tel.number, '+1-201-555-0123')
  assert.deepEqual(parseUri('urn:service:sos').kind, 'absolute')
})

test('an escaped NUL or line break stays escaped, so that no text below is cut short', () => {
  for (const user of ['null-%00-null', 'a%0D%0Ab', '%FF']) {
    const uri = parseUri(`sip:${user}@example.com`)
    assert.equal(uri.kind === 'sip' && uri.user, user)
  }
})

test('what is no URI is refused', () => {
  for (const text of [
    '',
    'sip',
    'sip:',
    ':x',
    '<sip:a@b>',
    'sip:a b@c',
    'sip:a@',
    'sip:@b',
    'sip:a@b:',
    'sip:a@b:65536',
    'sip:a@b:-1',
    'sip:a@[::1',
    'sip:a@[zz]',
    'sip:a@b;=x',
    'tel:',
    'tel:abcxyz',
    'http://a b',
  ]) {
    assert.throws(() => parseUri(text), SipError, text)
  }
})

test('a URI made from a user part holds exactly that user part', () => {
  for (const user of ['alice', 'a b', 'x@y', '50%', 'é', '<script>', 'a;b=c', '"']) {
    const uri = parseUri(sipUri({ user, host: '::1', port: 5060 }))
    assert.deepEqual(uri.kind === 'sip' && [uri.user, uri.host, uri.port], [user, '[::1]', 5060])
  }
  assert.throws(() => sipUri({ user: 'a', host: 'b\r\nc' }), SipError)
})
