import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SipRequest } from './message/message.ts'
import { serialise } from './message/serialise.ts'
import { calling, sent } from './test-calling.ts'
import type { IncomingInvite } from './transaction-user.ts'

/** What a proxy makes of a request: its own Via above the others. */
function passedOn(request: SipRequest, port: number): Buffer {
  request.headers.prepend('Via', `SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKproxy`)
  return serialise(request)
}

test('a carrier that sends our own call back to us is told so (482), and nobody is rung', async (t) => {
  const rung: string[] = []
  const at = await calling(t, {}, { user: { invite: () => rung.push('invite'), request() {} } })
  const invite = await sent(at)
  await at.phone.send(passedOn(invite, at.phone.port))
  assert.equal((await at.phone.response(482)).reason, 'Loop Detected')
  assert.deepEqual(rung, [])
  assert.equal(at.stack.counters.loops_detected, 1)
})

test('a carrier that is a proxy leads our call to a number of ours: that is another request, and rings', async (t) => {
  const rung: string[] = []
  const user = {
    invite: (call: IncomingInvite) => {
      rung.push(call.request.uriText)
      call.attach({ cancelled() {}, acked() {}, ackTimeout() {} })
      call.reject(486)
    },
    request() {},
  }
  const at = await calling(t, {}, { user })
  const invite = await sent(at)
  const text = passedOn(invite, at.phone.port).toString('utf8')
  await at.phone.send(Buffer.from(text.replace(invite.uriText, 'sip:ours@127.0.0.1'), 'utf8'))
  await at.phone.response(486)
  assert.deepEqual(rung, ['sip:ours@127.0.0.1'])
})

test('an address of ours may be called from here', async (t) => {
  const rung: string[] = []
  const at = await calling(t, async (_, local) => ({ uri: `sip:us@127.0.0.1:${local.port}`, via: { target: local } }), {
    user: {
      invite: (call) => {
        rung.push('invite')
        call.attach({ cancelled() {}, acked() {}, ackTimeout() {} })
        call.reject(486)
      },
      request() {},
    },
  })
  at.call.send()
  await at.told('refused 486')
  assert.deepEqual(rung, ['invite'])
})
