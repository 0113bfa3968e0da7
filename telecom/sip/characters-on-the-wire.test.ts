import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { type TestContext, test } from 'node:test'
import { parseMessage } from './message/parser.ts'
import { testStack } from './test-stack.ts'
import { until } from './udp-peer.ts'

/** A phone that sends bytes and keeps the bytes that come back. */
async function phoneOf(t: TestContext, { port, address }: { port: number; address: string }) {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  t.after(() => socket.close())
  const heard: Buffer[] = []
  socket.on('message', (data) => heard.push(data))
  const send = (...parts: (string | Buffer)[]) =>
    socket.send(
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
      port,
      address,
    )
  const hears = async (status: number) => {
    const is = (data: Buffer) => data.toString('latin1').startsWith(`SIP/2.0 ${status} `)
    await until(`${status} comes`, () => heard.some(is))
    return heard.find(is) ?? Buffer.alloc(0)
  }
  return { port: socket.address().port, send, hears }
}

const BODY = Buffer.from([0x76, 0x3d, 0x30, 0x0d, 0x0a, 0xfc, 0x00, 0xe9, 0xff])
const invite = (port: number) => `INVITE sip:bob@example.com SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK1
Max-Forwards: 70
Call-ID: c1
CSeq: 1 INVITE
Contact: <sip:alice@127.0.0.1:${port}>
Content-Type: application/sdp
Content-Length: ${BODY.length}
`

test('names, subjects and reasons in any script are read, and come back, as UTF-8; a body stays what it was', async (t) => {
  const at = await testStack(t)
  const phone = await phoneOf(t, at.local)
  const head = `${invite(phone.port)}From: "Žofie 中村 👋" <sip:a@example.com>;tag=a\nTo: "Bořek" <sip:bob@example.com>\nSubject: Ďábelské ódy\n\n`
  phone.send(head.replaceAll('\n', '\r\n'), BODY)
  const { request } = await at.lastCall()
  assert.equal(request.from.displayName, 'Žofie 中村 👋')
  assert.equal(request.headers.get('subject'), 'Ďábelské ódy')
  assert.deepEqual(request.body, BODY)
  at.calls[0]?.reject(486, 'Zaneprázdněn ☎', { Subject: 'Ďábel Ċ', Reason: 'Q.850;cause=17;text="Obsazeno – 話し中"' })
  const refusal = await phone.hears(486)
  const text = refusal.toString('utf8')
  for (const said of [
    'SIP/2.0 486 Zaneprázdněn ☎\r\n',
    'From: "Žofie 中村 👋" <sip:a@example.com>;tag=a\r\n',
    'To: "Bořek" <sip:bob@example.com>;tag=',
    'Subject: Ďábel Ċ\r\n',
    'text="Obsazeno – 話し中"\r\n',
  ])
    assert.ok(text.includes(said), said)
  assert.equal(parseMessage(refusal).headers.get('subject'), 'Ďábel Ċ')
})

test('what a phone writes in ISO 8859-1 goes back as its bytes, and ours beside it as UTF-8', async (t) => {
  const at = await testStack(t)
  const phone = await phoneOf(t, at.local)
  const to = Buffer.from('To: "Müller" <sip:bob@example.com>', 'latin1')
  const from = 'From: "Žofie" <sip:a@example.com>;tag=a'
  phone.send(invite(phone.port).replaceAll('\n', '\r\n'), `${from}\r\n`, to, '\r\n\r\n', BODY)
  const { request } = await at.lastCall()
  assert.equal(request.to.displayName, 'Müller')
  assert.equal(request.from.displayName, 'Žofie', 'one line does not spoil another')
  // the low byte of U+010A is a line break
  at.calls[0]?.reject(486, 'Besetzt für ĊX-Evil: 1', { Subject: 'für Žofie' })
  const refusal = await phone.hears(486)
  assert.ok(refusal.includes(Buffer.concat([to, Buffer.from(';tag=')])), 'byte for byte')
  for (const said of ['SIP/2.0 486 Besetzt für ĊX-Evil: 1\r\n', `${from}\r\n`, 'Subject: für Žofie\r\n'])
    assert.ok(refusal.includes(said), said)
  assert.equal(parseMessage(refusal).headers.has('x-evil'), false)
})
