import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#platform/time'
import { Headers } from '../message/headers.ts'
import { SipRequest } from '../message/message.ts'
import { answerChallenge } from './answer.ts'
import { digestChallenge } from './challenge.ts'
import { parseAuthorization } from './credentials.ts'
import { digestResponse, ha1Of, hash } from './hash.ts'
import { Nonces } from './nonce.ts'
import { offeredChallenges } from './offered.ts'
import { type DigestCredentials, digestCredentials, readCredentials, verifyDigest } from './verify.ts'

const KEY = new Uint8Array(32).fill(7)

test('the example of RFC 2617 §3.5 gives its response', () => {
  const response = digestResponse({
    algorithm: 'MD5',
    session: false,
    ha1: ha1Of('Mufasa', 'testrealm@host.com', 'Circle Of Life').md5,
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    method: 'GET',
    uri: '/dir/index.html',
    qop: { nc: '00000001', cnonce: '0a4f113b' },
  })
  assert.equal(response, '6629fae49393a05397450978507c4ef1')
})

test('the examples of RFC 7616 §3.9.1 give their responses, MD5 and SHA-256', () => {
  const credentials: DigestCredentials = {
    username: 'Mufasa',
    realm: 'http-auth@example.org',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    uri: '/dir/index.html',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    nc: '00000001',
    qop: 'auth',
    algorithm: 'MD5',
    response: '8ca523f5e9506fed4657c9700eebdbec',
  }
  const ha1 = ha1Of('Mufasa', 'http-auth@example.org', 'Circle of Life')
  assert.equal(verifyDigest({ credentials, method: 'GET', ha1 }), true)
  const sha: DigestCredentials = {
    ...credentials,
    algorithm: 'SHA-256',
    response: '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  }
  assert.equal(verifyDigest({ credentials: sha, method: 'GET', ha1 }), true)
  assert.equal(verifyDigest({ credentials: sha, method: 'GET', ha1: { md5: ha1.md5 } }), false)
})

test('cnonce before nonce, as SIPp writes it, takes nothing for the nonce but the nonce', () => {
  const { parameters } = parseAuthorization(
    'Digest username="alice",realm="r",cnonce="c0ffee", nc=00000001,qop=auth , nonce="n,1=\\"2",uri="sip:x@y",response="0"',
  )
  assert.equal(parameters.get('nonce'), 'n,1="2')
  assert.equal(parameters.get('cnonce'), 'c0ffee')
  assert.equal(parameters.get('qop'), 'auth')
})

test('the answer to our own challenge is accepted, for each algorithm, from a password and from an HA1', () => {
  const nonces = new Nonces({ key: KEY, clock: new ManualClock() })
  const ha1 = ha1Of('1000', 'c.registrar.example', 'pass"word')
  for (const algorithm of ['MD5', 'SHA-256'] as const) {
    const challenges = digestChallenge({
      realm: 'c.registrar.example',
      nonce: nonces.issue('c.registrar.example'),
      algorithms: [algorithm],
    })
    for (const secret of [
      { username: '1000', password: 'pass"word' },
      { username: '1000', ha1 },
    ]) {
      const uri = 'sip:c.registrar.example'
      const answer = answerChallenge({ challenges, method: 'REGISTER', uri, secret, cnonce: 'abc' })
      const credentials = readCredentials(answer ?? '')
      assert.ok(credentials)
      assert.equal(nonces.check(credentials.nonce, 'c.registrar.example'), 'fresh')
      assert.equal(verifyDigest({ credentials, method: 'REGISTER', uri, ha1 }), true)
      assert.equal(verifyDigest({ credentials, method: 'INVITE', uri, ha1 }), false)
      assert.equal(verifyDigest({ credentials, method: 'REGISTER', uri, ha1: ha1Of('1000', 'c', 'x') }), false)
    }
  }
})

const forDestination = (uri: string) => {
  const ha1 = ha1Of('1000', 'r', 'p')
  const answer = answerChallenge({
    challenges: digestChallenge({ realm: 'r', nonce: 'n' }),
    ...{ method: 'INVITE', uri, secret: { username: '1000', ha1 }, cnonce: 'c' },
  })
  const credentials = readCredentials(answer ?? '')
  assert.ok(credentials)
  return (called: string) => verifyDigest({ credentials, method: 'INVITE', uri: called, ha1 })
}

test('credentials for one destination cannot be used to call another', () => {
  const mayCall = forDestination('sip:1001@example.com')
  assert.equal(mayCall('sip:1001@example.com:5060;transport=udp'), true)
  for (const other of ['sip:+4477@example.com', 'sip:1001@example.org', 'sip:example.com', 'tel:+4477', 'nonsense'])
    assert.equal(mayCall(other), false, other)
})

test('a client that names the server alone in its credentials, as SIPp does, is known by that server only', () => {
  const mayCall = forDestination('sip:example.com:5060')
  assert.equal(mayCall('sip:1001@example.com'), true)
  assert.equal(mayCall('sip:1001@example.org'), false)
})

test('a client without qop (RFC 2069) and one with MD5-sess are understood; auth-int and a bad nc are not', () => {
  const ha1 = ha1Of('u', 'r', 'p')
  const base = {
    username: 'u',
    realm: 'r',
    nonce: 'n',
    uri: 'sip:a@b',
    cnonce: undefined,
    nc: undefined,
    qop: undefined,
  }
  const ha2 = hash('MD5', 'INVITE:sip:a@b')
  const old = { ...base, algorithm: undefined, response: hash('MD5', `${ha1.md5}:n:${ha2}`) }
  assert.equal(verifyDigest({ credentials: old, method: 'INVITE', ha1 }), true)
  const session = {
    ...base,
    algorithm: 'MD5-sess',
    cnonce: 'c',
    nc: '00000001',
    qop: 'auth',
    response: hash('MD5', `${hash('MD5', `${ha1.md5}:n:c`)}:n:00000001:c:auth:${ha2}`),
  }
  assert.equal(verifyDigest({ credentials: session, method: 'INVITE', ha1 }), true)
  assert.equal(verifyDigest({ credentials: { ...session, qop: 'auth-int' }, method: 'INVITE', ha1 }), false)
  assert.equal(verifyDigest({ credentials: { ...session, nc: '1' }, method: 'INVITE', ha1 }), false)
})

test('a nonce is fresh for five minutes, then stale; of another key or realm it is foreign', () => {
  const clock = new ManualClock()
  const nonces = new Nonces({ key: KEY, clock })
  const nonce = nonces.issue('r')
  clock.advance(300_000)
  assert.equal(nonces.check(nonce, 'r'), 'fresh')
  clock.advance(1)
  assert.equal(nonces.check(nonce, 'r'), 'stale')
  assert.equal(nonces.check(nonce, 'other'), 'foreign')
  const elsewhere = new Nonces({ key: KEY, clock })
  assert.equal(elsewhere.check(nonces.issue('r'), 'r'), 'fresh')
  assert.equal(new Nonces({ key: new Uint8Array(32), clock }).check(nonces.issue('r'), 'r'), 'foreign')
  assert.equal(nonces.check('', 'r'), 'foreign')
})

test('another authentication scheme is no credentials', () => {
  const headers = new Headers()
  headers.append('Authorization', 'NoOneKnowsThisScheme opaque-data=here')
  const request = new SipRequest({ method: 'REGISTER', uri: 'sip:example.com', headers })
  assert.equal(digestCredentials(request), undefined)
})

test('a challenge says stale only when told to, and quotes what must be quoted', () => {
  assert.deepEqual(digestChallenge({ realm: 'a', nonce: 'b', algorithms: ['MD5', 'SHA-256'], stale: true }), [
    'Digest realm="a", nonce="b", algorithm=MD5, qop="auth", stale=true',
    'Digest realm="a", nonce="b", algorithm=SHA-256, qop="auth", stale=true',
  ])
})

test('a challenge that no answer can repeat is none', () => {
  const of = (nonce: string, opaque = 'o') =>
    `Digest realm="r", nonce="${nonce}", opaque="${opaque}", algorithm=MD5, qop="auth"`
  assert.equal(offeredChallenges([of('n')]).length, 1)
  for (const broken of [of('a\0b'), of('n', 'a\0b'), of('a\r\nX: y')]) assert.deepEqual(offeredChallenges([broken]), [])
})
