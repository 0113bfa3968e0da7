import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { eventually, FakePhone } from '#testkit'
import { messageIdsOf, SipStack } from '../index.ts'

const message = (...lines: string[]) =>
  Buffer.from(`INVITE sip:a@b SIP/2.0\r\nVia: x\r\n${lines.join('\r\n')}\r\n\r\ni: body\r\nFrom: <x>;tag=body\r\n`)

test('the Call-ID of a message that nobody parsed is found in its usual spellings', () => {
  for (const line of ['Call-ID: a@b', 'Call-Id:a@b', 'call-id:  a@b ', 'i: a@b'])
    assert.equal(messageIdsOf(message(line))?.call_id, 'a@b', line)
  for (const line of ['Subject: x', `Call-ID: ${'x'.repeat(300)}`, 'Call-ID: '])
    assert.equal(messageIdsOf(message(line)), undefined)
  assert.equal(messageIdsOf(Buffer.from('Call-ID: a')), undefined)
})

test('so are its tags: of the header, not of the address, its name or the body', () => {
  for (const [from, tag] of [
    ['From: <sip:a@b>;tag=1', '1'],
    ['f:"A" <sip:a@b;tag=no> ; x=y ; TAG = 1', '1'],
    ['from: "a;tag=no" <sip:a@b>;tag=1;x=y', '1'],
    ['From: sip:a@b;tag=1', '1'],
    ['From: <sip:a@b>', ''],
    ['From: <sip:a@b;tag=no>', ''],
    [`From: <sip:${'a'.repeat(3_000)}>;tag=1`, ''],
    ['Subject: x', ''],
  ] as const)
    assert.deepEqual(
      messageIdsOf(message('Call-ID: c', from, 'To: <sip:c@d>;tag=2')),
      { call_id: 'c', from_tag: tag, to_tag: '2', kind: 'request' },
      from.slice(0, 60),
    )
  const response = Buffer.from('SIP/2.0 200 OK\r\nf: <x>;tag=1\r\nt: <y>\r\ni: c\r\n\r\n')
  assert.deepEqual(messageIdsOf(response), { call_id: 'c', from_tag: '1', to_tag: '', kind: 'response' })
})

for (const transport of ['udp', 'tcp'] as const)
  test(`every message over ${transport} is heard as it is on the wire, with both addresses`, async (t) => {
    const heard: string[] = []
    const stack = new SipStack({
      ...{ clock: systemClock, ids: systemIds, log: silentLog, node: 'n', incarnation: 'i' },
      listeners: [{ transport, host: '127.0.0.1', port: 0 }],
      user: { invite: (call) => call.reject(486), request: (request) => request.respond(403) },
      tap: (direction, data, over, local, remote) =>
        heard.push(`${direction} ${over} ${local.port} ${remote.port} ${data.toString().split('\r\n')[0]}`),
    })
    await stack.start()
    t.after(() => stack.stop())
    const port = stack.listeners[0]?.local.port
    const phone = await FakePhone.start({ server: `127.0.0.1:${port}`, user: 'a', transport })
    t.after(() => phone.close())
    await phone.call('b')
    const uri = `sip:b@127.0.0.1:${port}`
    await eventually('the ACK is heard', () => heard.some((each) => each.includes('ACK')))
    const on = `${transport} ${port} ${phone.port}`
    assert.deepEqual(heard, [
      `in ${on} INVITE ${uri} SIP/2.0`,
      `out ${on} SIP/2.0 100 Trying`,
      `out ${on} SIP/2.0 486 Busy Here`,
      `in ${on} ACK ${uri} SIP/2.0`,
    ])
  })
