import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maskSecrets } from './mask-secrets.ts'

const message = (...lines: string[]) => ['REGISTER sip:example.com SIP/2.0', ...lines, '', ''].join('\r\n')
const masked = (line: string) => maskSecrets(message(line)).split('\r\n')[1]

for (const [what, line, shown] of [
  [
    'credentials of Digest',
    'Authorization: Digest username="1000", realm="r", nonce="abc", uri="sip:x", response="0123", cnonce="zz", opaque="o", qop=auth',
    'Authorization: Digest username="1000", realm="r", nonce="***", uri="sip:x", response="****", cnonce="**", opaque="*", qop=auth',
  ],
  [
    'those for a proxy, in whatever case and without quotes',
    'PROXY-AUTHORIZATION : digest username=a, response=0123',
    'PROXY-AUTHORIZATION : digest username=a, response=****',
  ],
  [
    'a challenge',
    'WWW-Authenticate: Digest realm="r", nonce="ab\\"c"',
    'WWW-Authenticate: Digest realm="r", nonce="*****"',
  ],
  [
    'what follows an answer',
    'Authentication-Info: nextnonce="abc", rspauth="d"',
    'Authentication-Info: nextnonce="***", rspauth="*"',
  ],
  ['the password of Basic', 'Authorization: Basic dXNlcjpw', 'Authorization: Basic ********'],
  ['a bearer token', 'Authorization: Bearer ey.x', 'Authorization: Bearer ****'],
  [
    'a key of SRTP',
    'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abcd|2^20',
    'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:*********',
  ],
  ['a password of ICE', 'a=ice-pwd:asd88fgp', 'a=ice-pwd:********'],
  ['a key in the old way', 'k=clear:geheim', 'k=************'],
  ['the password of a URI', 'Contact: <sip:bob:secret@example.com>', 'Contact: <sip:bob:******@example.com>'],
  [
    'a token of a URI',
    'Call-Info: <https://x/y?access_token=abc&z=1>',
    'Call-Info: <https://x/y?access_token=***&z=1>',
  ],
  ['a token in a parameter', 'Contact: <sip:a@b;pn-token=abc;x=y>', 'Contact: <sip:a@b;pn-token=***;x=y>'],
] as const)
  test(`${what} becomes asterisks of the same number, and nothing else changes`, () => {
    assert.equal(masked(line), shown)
    assert.equal(shown.length, line.length)
  })

test('credentials that go on in the next line are masked there, too', () => {
  const text = message('Authorization: Digest username="a",', ' response="0123"', 'Subject: response="0123"')
  assert.match(maskSecrets(text), /\r\n response="\*{4}"\r\nSubject: response="0123"/)
})

test('what is no secret stays: whom a phone dials, ordinary headers, session descriptions', () => {
  const text = message(
    'To: <sip:agent:0f0e@example.com>',
    'Subject: my password=',
    'Contact: <sip:a@b;transport=tcp>',
    'a=rtpmap:0 PCMU/8000',
  )
  assert.equal(maskSecrets(text), text)
})

test('every password before an @ is masked, however long and wherever it stands', () => {
  const long = 'x'.repeat(2_000)
  const text = message(
    `Route: <sip:a:b@c>,<sips:d:${long}@e>`,
    'Contact: sip:a:b:c@d;x=y',
    'X: sip:agent:0f0e@f sip:u:p@g',
  )
  assert.equal(
    maskSecrets(text),
    message(
      `Route: <sip:a:*@c>,<sips:d:${'*'.repeat(2_000)}@e>`,
      'Contact: sip:a:***@d;x=y',
      'X: sip:agent:0f0e@f sip:u:*@g',
    ),
  )
})

// a message of this length takes minutes where the time grows with the square of it
for (const piece of [
  ...[
    'Authorization:',
    'response="',
    'response=\\"',
    'sip:a:',
    'sip:a',
    'sip:;',
    'sip:a@',
    ';token',
    ';token=',
    'token',
  ],
  ...[
    'a=crypto:1 ',
    'a=crypto:',
    '\\"',
    '\r\n a',
    ' ',
    '\r\nk=',
    '\r\na=crypto:1 ',
    '\r\nAuthorization : Digest nonce',
  ],
])
  test(`a hostile message of ${JSON.stringify(piece)} is masked in no time`, () => {
    const hostile = piece.repeat(500_000 / piece.length)
    const beganMs = performance.now()
    maskSecrets(`INVITE x SIP/2.0\r\nAuthorization: Digest ${hostile}\r\n${hostile}`)
    assert.ok(performance.now() - beganMs < 5_000)
  })
