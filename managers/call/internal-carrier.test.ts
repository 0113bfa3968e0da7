import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import { eventually, TestCalls } from '#testkit'

const OWN = '127.0.0.3'
const MINE = '+493012345678'

test('the sandbox carrier calls over TCP too, from whatever port; nobody else may from another address', async (t) => {
  if (process.platform !== 'linux') return t.skip('this machine has one loopback address')
  const calls = await TestCalls.start()
  await calls.db.query(
    `insert into numbers (id, customer_id, number, type, call_flow_id, message_flow_id, name, detail, status, t38_enabled,
       emergency_enabled, metadata, tm_create)
     values ($1, $2, $3, 'normal', $4, $5, '', '', 'active', false, false, '{"rtp_debug":false}', now())`,
    [systemIds.uuid(), calls.customer, MINE, systemIds.uuid(), NIL_UUID],
  )
  await calls.providers.create(
    {
      ...{ type: 'sip', hostname: `${OWN}:5070`, name: 'sandbox', detail: '' },
      ...{ tech_prefix: '', tech_postfix: '', tech_headers: {}, addresses: [OWN] },
    },
    { is_internal: true },
  )
  await calls.carriers.refresh()
  const [host, port] = calls.server.split(':')

  const answerTo = async (from: string) => {
    const socket = connect({ host, port: Number(port), localAddress: from })
    after(() => socket.destroy())
    let heard = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text
    })
    const lines = [
      `INVITE sip:${MINE}@pstn.${calls.base} SIP/2.0`,
      `Via: SIP/2.0/TCP ${from};branch=z9hG4bK${from}`,
      ...['Max-Forwards: 70', `From: <sip:+4917012345678@${from}>;tag=1`, `To: <sip:${MINE}@pstn.${calls.base}>`],
      ...[`Call-ID: ${from}`, 'CSeq: 1 INVITE', `Contact: <sip:x@${from}>`, 'Content-Length: 0', '', ''],
    ]
    socket.write(lines.join('\r\n'))
    return eventually('it says more than 100', () => /^SIP\/2\.0 (?!100)(\d{3})/m.exec(heard)?.[1])
  }
  assert.equal(await answerTo('127.0.0.4'), '403')
  assert.notEqual(await answerTo(OWN), '403')
  assert.equal(calls.prepared[0]?.call.destination.target, MINE)
})
