import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkRequest, checkResponse } from './check.ts'
import { type SipMessage, SipRequest } from './message.ts'
import { FaultyRequest, parseMessage } from './parser.ts'
import { serialise } from './serialise.ts'
import { SipError } from './sip-error.ts'

const lines = (...text: string[]) => Buffer.from(`${text.join('\r\n')}\r\n\r\n`)

const INVITE = lines(
  'INVITE sip:bob;day=tue@example.com:5062;transport=udp SIP/2.0',
  'v: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;rport, SIP/2.0/TCP p.example.com;branch=z9hG4bKb',
  'f: "Alice \\"A\\" Smith" <sip:alice@example.com>;tag=1',
  't: Bob <sip:bob@example.com>',
  'i: a84b4c76e66710@pc33.example.com',
  'CSeq: 314159 INVITE',
  'm: <sip:alice@10.0.0.1:5070;ob>;q=0.5;+sip.instance="<urn:uuid:1>"',
  'Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>',
  'Route: "a, b" <sip:p3.example.com;lr>',
  'Max-Forwards: 70',
  'c: application/sdp ; charset="utf-8"',
  'Subject: first',
  '\tsecond',
)

function request(data: Buffer): SipRequest {
  const message = parseMessage(data)
  assert.ok(message instanceof SipRequest)
  return message
}

function fault(data: Buffer): FaultyRequest {
  try {
    const message = request(data)
    checkRequest(message, 70)
  } catch (error) {
    if (error instanceof FaultyRequest) return error
    if (error instanceof SipError) return new FaultyRequest(new SipRequest({ ...EMPTY }), error)
    throw error
  }
  throw new Error('it was accepted')
}

const EMPTY = { method: 'X', uri: 'sip:x', headers: request(INVITE).headers }

test('compact names, folding, comma lists, quotes and parameters are read as what they mean', () => {
  const invite = request(INVITE)
  assert.equal(invite.method, 'INVITE')
  assert.equal(invite.uri.kind, 'sip')
  if (invite.uri.kind !== 'sip') return
  assert.deepEqual([invite.uri.user, invite.uri.host, invite.uri.port], ['bob;day=tue', 'example.com', 5062])
  assert.equal(invite.uri.parameters.get('transport'), 'udp')
  assert.deepEqual(
    invite.vias.map((via) => [via.transport, via.host, via.port, via.branch]),
    [
      ['UDP', '10.0.0.1', 5070, 'z9hG4bKa'],
      ['TCP', 'p.example.com', undefined, 'z9hG4bKb'],
    ],
  )
  assert.equal(invite.from.displayName, 'Alice "A" Smith')
  assert.equal(invite.fromTag, '1')
  assert.equal(invite.toTag, '')
  assert.deepEqual(invite.cseq, { number: 314159, method: 'INVITE' })
  assert.equal(invite.contacts[0]?.parameters.get('+sip.instance'), '<urn:uuid:1>')
  assert.deepEqual(
    invite.nameAddrs('Route').map((route) => route.uri.text),
    ['sip:p1.example.com;lr', 'sip:p2.example.com;lr', 'sip:p3.example.com;lr'],
  )
  assert.equal(invite.contentType?.type, 'application/sdp')
  assert.equal(invite.contentType?.parameters.get('charset'), 'utf-8')
  assert.equal(invite.headers.get('SUBJECT'), 'first second')
})

test('without <> the parameters belong to the header, with <> to the URI (RFC 3261 §20)', () => {
  const headers = request(INVITE).headers.clone()
  headers.set('Contact', 'sip:a@b;x=1')
  assert.equal(new SipRequest({ ...EMPTY, headers }).contacts[0]?.parameters.get('x'), '1')
  const other = request(INVITE).headers.clone()
  other.set('Contact', '<sip:a@b;x=1>')
  const [contact] = new SipRequest({ ...EMPTY, headers: other }).contacts
  assert.equal(contact?.parameters.size, 0)
  assert.equal(contact?.uri.kind === 'sip' && contact.uri.parameters.get('x'), '1')
})

test('octets behind Content-Length are cut off; a body that is too short is 400 (RFC 3261 §18.3)', () => {
  const head = INVITE.toString().slice(0, -2)
  assert.equal(request(Buffer.from(`${head}l: 3\r\n\r\nabcdef`)).body.toString(), 'abc')
  assert.equal(request(Buffer.from(`${head}\r\nabcdef`)).body.toString(), 'abcdef')
  assert.equal(fault(Buffer.from(`${head}l: 7\r\n\r\nabcdef`)).status, 400)
  assert.equal(fault(Buffer.from(`${head}l: -1\r\n\r\nabcdef`)).status, 400)
  assert.equal(fault(Buffer.from(`${head}l: 1\r\nContent-Length: 1\r\n\r\na`)).status, 400)
})

test('what is wrong decides the status: 400, 505, 483, 513', () => {
  const text = INVITE.toString()
  const change = (from: string, to: string) => fault(Buffer.from(text.replace(from, to))).status
  assert.equal(change('SIP/2.0\r\nv', 'SIP/3.0\r\nv'), 505)
  assert.equal(change('sip:bob;', 'sip:b ob;'), 400)
  assert.equal(change('CSeq: 314159 INVITE', 'CSeq: 314159 BYE'), 400)
  assert.equal(change('CSeq: 314159', 'CSeq: 4294967296'), 400)
  assert.equal(change('i: a84b', 'nope: a84b'), 400)
  assert.equal(change('Max-Forwards: 70', 'Max-Forwards: 70\r\nMax-Forwards: 70'), 400)
  const hops = `v: SIP/2.0/UDP h;branch=z9hG4bK1\r\n`.repeat(71)
  assert.equal(change('v: SIP', `${hops}v: SIP`), 483)
  assert.equal(change('Subject: first', `${'x: y\r\n'.repeat(300)}Subject: first`), 400)
  assert.equal(change('Subject: first', `Subject: ${'y'.repeat(20_000)}`), 400)
})

test('what is no SIP, a broken response and a message over 64 KiB cannot be answered', () => {
  for (const [text, issue] of [
    ['GET / HTTP/1.1\r\n\r\n', 'not sip'],
    ['', 'not sip'],
    ['SIP/2.0 999 x\r\n\r\n', 'malformed start line'],
    ['SIP/2.0 1000 x\r\n\r\n', 'malformed start line'],
    ['SIP/9.0 200 OK\r\n\r\n', 'unsupported version'],
    [`${INVITE.toString()}${'x'.repeat(66_000)}`, 'too large'],
  ] as const) {
    assert.throws(
      () => parseMessage(Buffer.from(text)),
      (error) => error instanceof SipError && error.issue === issue,
    )
  }
})

test('a header value never carries a line break into what we send', () => {
  const invite = request(Buffer.from(INVITE.toString().replace('first\r\n', 'fi\rX-Evil: 1\r\n')))
  assert.ok(!serialise(invite).toString().includes('\rX-Evil'))
  for (const value of ['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b']) {
    assert.throws(() => invite.headers.append('Subject', value), SipError)
    assert.throws(() => invite.headers.set('Subject', value), SipError)
  }
  assert.throws(() => invite.headers.append('Sub ject', 'x'), SipError)
  assert.throws(() => serialise(new SipRequest({ ...EMPTY, uri: 'sip:a@b SIP/2.0\r\nX: y' })), SipError)
})

/** Everything that a reader may ask of a message. */
function look(message: SipMessage): unknown {
  if (message.kind === 'request') checkRequest(message, 70)
  else checkResponse(message)
  return {
    vias: message.vias,
    from: message.from,
    to: message.to,
    cseq: message.cseq,
    callId: message.callId,
    contacts: message.headers.get('contact') === '*' ? '*' : message.contacts,
    routes: message.nameAddrs('route'),
    type: message.contentType,
    body: message.body,
    start: message.kind === 'request' ? [message.method, message.uri] : [message.status, message.reason],
  }
}

/** The INVITE with pieces of SIP, and noise, put into it at random. */
const damaged = fc
  .array(
    fc.record({
      at: fc.nat(700),
      cut: fc.nat(12),
      put: fc.oneof(
        fc.constantFrom(
          '\r\n',
          '\r',
          '\n',
          '\0',
          ' ',
          '\t',
          ';',
          ',',
          '"',
          '\\',
          '<',
          '>',
          '@',
          ':',
          '=',
          '%',
          '%00',
          '[',
          ']',
        ),
        fc.constantFrom(
          'Via: ',
          'Content-Length: 5\r\n',
          'é',
          '\ud83d\ude00',
          'SIP/2.0',
          '\r\n ',
          '/',
          '?',
          '*',
          'tag=',
          '-1',
        ),
        fc.string({ unit: 'binary', maxLength: 8 }),
      ),
    }),
    { maxLength: 6 },
  )
  .map((edits) => {
    let text = INVITE.toString('latin1')
    for (const { at, cut, put } of edits)
      text = text.slice(0, at) + Buffer.from(put).toString('latin1') + text.slice(at + cut)
    return Buffer.from(text, 'latin1')
  })

test('whatever comes in, the parser throws nothing but SipError', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        damaged,
        fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
      ),
      (data) => {
        try {
          look(parseMessage(data))
        } catch (error) {
          assert.ok(error instanceof SipError, String(error))
        }
      },
    ),
    { numRuns: 4_000 },
  )
})

test('what has been parsed and is written again parses to the same message', () => {
  let accepted = 0
  fc.assert(
    fc.property(damaged, (data) => {
      let first: SipMessage
      let seen: unknown
      try {
        first = parseMessage(data)
        seen = look(first)
      } catch {
        return
      }
      accepted++
      if (first.headers.all('to').some((value) => value.includes('\0'))) return
      const written = serialise(first)
      const second = parseMessage(written)
      assert.deepEqual(look(second), seen)
      assert.deepEqual(serialise(second), written)
    }),
    { numRuns: 4_000 },
  )
  assert.ok(accepted > 100, `only ${accepted} of the damaged messages were still accepted`)
})
