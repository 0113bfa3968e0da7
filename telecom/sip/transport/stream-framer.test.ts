import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Frame, StreamFramer } from './stream-framer.ts'

const limits = { streamHeadBytes: 2_000, messageBytes: 4_000 }

function message(body = '', lengthLine = `Content-Length: ${body.length}`): string {
  return ['OPTIONS sip:a@b SIP/2.0', 'Via: SIP/2.0/TCP c', ...(lengthLine ? [lengthLine] : []), '', body].join('\r\n')
}

/** What a framer makes of these pieces, as words: the messages, `ping`, and `fault: …` with the head that it knows. */
function framed(pieces: readonly (string | Buffer)[]): string[] {
  const framer = new StreamFramer(limits)
  const frames = pieces.flatMap((piece) => framer.push(Buffer.from(piece as string)))
  return frames.map(word)
}

function word(frame: Frame): string {
  if (frame.type === 'message') return frame.data.toString('latin1')
  return frame.type === 'ping' ? 'ping' : `fault: ${frame.fault.message}${frame.data ? ' (head)' : ''}`
}

const bytewise = (text: string) => [...Buffer.from(text, 'latin1')].map((byte) => Buffer.from([byte]))

const cases: [what: string, stream: string, expected: string[]][] = [
  ['a message without a body', message(), [message()]],
  ['a message with a body', message('v=0\r\n\r\nx'), [message('v=0\r\n\r\nx')]],
  ['two messages in one segment', message('one') + message('two'), [message('one'), message('two')]],
  ['a response', 'SIP/2.0 200 OK\r\nl:0\r\n\r\n', ['SIP/2.0 200 OK\r\nl:0\r\n\r\n']],
  ['the compact form, blanks, any case', message('xy', 'L \t:  2 '), [message('xy', 'L \t:  2 ')]],
  ['a folded Content-Length', message('xy', 'Content-Length:\r\n  2'), [message('xy', 'Content-Length:\r\n  2')]],
  ['bare line feeds', 'OPTIONS a SIP/2.0\nl: 1\n\nx', ['OPTIONS a SIP/2.0\nl: 1\n\nx']],
  [
    'a name that only looks like it',
    message('xy', 'X-Content-Length: 7\r\nl: 2'),
    [message('xy', 'X-Content-Length: 7\r\nl: 2')],
  ],
  ['one empty line before a message', `\r\n${message()}`, [message()]],
  ['a ping (RFC 5626 §3.5.1)', '\r\n\r\n', ['ping']],
  [
    'pings around messages',
    `\r\n\r\n${message('b')}\r\n\r\n\r\n\r\n${message()}`,
    ['ping', message('b'), 'ping', 'ping', message()],
  ],
  ['a pong, which is nothing to us', `${message()}\r\n${message()}`, [message(), message()]],
  ['no Content-Length', message('', ''), ['fault: Content-Length is missing (head)']],
  ['two of them', message('', 'l: 0\r\nContent-Length: 0'), ['fault: Content-Length is not one whole number (head)']],
  ['a negative one', message('', 'l: -1'), ['fault: Content-Length is not one whole number (head)']],
  ['an endless one', message('', `l: ${'9'.repeat(30)}`), ['fault: Content-Length is not one whole number (head)']],
  ['a body that is too large', message('', 'l: 4000'), ['fault: the message is too large (head)']],
  ['another protocol', 'GET / HTTP/1.1\r\n\r\n', ['fault: it is no SIP message']],
  ['a TLS handshake', '\x16\x03\x01\x02\x00', ['fault: it is no SIP message']],
  [
    'whatever follows a message that was cut wrongly',
    `${message()}xyz\r\n${message()}`,
    [message(), 'fault: it is no SIP message'],
  ],
]

for (const [what, stream, expected] of cases)
  test(`${what}: the same whole and byte by byte`, () => {
    assert.deepEqual(framed([Buffer.from(stream, 'latin1')]), expected)
    assert.deepEqual(framed(bytewise(stream)), expected)
  })

test('a head without an end is given up at its limit, whether it has a line or not', () => {
  for (const endless of ['A'.repeat(3_000), `OPTIONS a SIP/2.0\r\n${'X: y\r\n'.repeat(600)}`]) {
    assert.equal(framed([endless]).length, 1)
    const framer = new StreamFramer(limits)
    let taken = 0
    for (const byte of bytewise(endless)) {
      taken++
      if (framer.push(byte).length > 0) break
    }
    assert.ok(taken <= limits.streamHeadBytes + 2)
    assert.equal(framer.partial, false)
  }
})

test('whether a message has begun and is not whole is known at every byte', () => {
  const framer = new StreamFramer(limits)
  const stream = `\r\n${message('body')}`
  const partial = bytewise(stream).map((byte) => {
    framer.push(byte)
    return framer.partial
  })
  assert.deepEqual(partial.slice(0, 2), [false, false])
  assert.ok(partial.slice(2, -1).every(Boolean))
  assert.equal(partial.at(-1), false)
})

const part = fc.oneof(
  fc.string({ maxLength: 60 }).map((body) => message(Buffer.from(body).toString('latin1'))),
  fc.constantFrom(
    '\r\n',
    '\r\n\r\n',
    '\n\n',
    message('', ''),
    message('', 'l: x'),
    'GET / HTTP/1.1\r\n\r\n',
    '\0',
    'x',
  ),
  fc.string({ maxLength: 30 }),
)

test('however a stream is cut into segments, the same messages come out of it', () => {
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 12 }),
      fc.array(fc.nat(40), { minLength: 1, maxLength: 30 }),
      (parts, cuts) => {
        const stream = Buffer.from(parts.join(''), 'latin1')
        const pieces: Buffer[] = []
        for (let at = 0, cut = 0; at < stream.length; cut++) {
          const length = 1 + (cuts[cut % cuts.length] ?? 0)
          pieces.push(stream.subarray(at, at + length))
          at += length
        }
        assert.deepEqual(framed(pieces), framed([stream]))
      },
    ),
    { numRuns: 500 },
  )
})

test('noise of any kind throws nothing and keeps no more than one message', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
      const framer = new StreamFramer(limits)
      for (const chunk of chunks) framer.push(Buffer.from(chunk))
    }),
    { numRuns: 300 },
  )
})
