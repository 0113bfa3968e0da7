import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { eventually, FakePhone } from '#testkit'
import { callIdOf, SipStack } from '../index.ts'

const message = (line: string) =>
  Buffer.from(`INVITE sip:a@b SIP/2.0\r\nVia: x\r\n${line}\r\nTo: <sip:a@b>\r\n\r\ni: body`)

test('the Call-ID of a message that nobody parsed is found in its usual spellings', () => {
  for (const line of ['Call-ID: a@b', 'Call-Id:a@b', 'call-id:  a@b ', 'i: a@b'])
    assert.equal(callIdOf(message(line)), 'a@b', line)
  for (const line of ['Subject: x', `Call-ID: ${'x'.repeat(300)}`, 'Call-ID: '])
    assert.equal(callIdOf(message(line)), undefined)
  assert.equal(callIdOf(Buffer.from('Call-ID: a')), undefined)
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
