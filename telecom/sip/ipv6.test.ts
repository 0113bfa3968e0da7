import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { digestChallenge } from './digest/challenge.ts'
import { parseUri } from './message/uri.ts'
import { ackOf, reply, testStack, text } from './test-stack.ts'
import { UdpPeer, until } from './udp-peer.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))
const skip = hasIpv6 ? false : 'this machine has no IPv6'
const LISTENERS = (['udp', 'tcp'] as const).map((transport) => ({ transport, host: '::1', port: 0 }))

test('a phone calls over IPv6, and is called', { skip }, async (t) => {
  const at = await testStack(t, { listeners: LISTENERS })
  const phone = await UdpPeer.open(at.local, '::1')
  t.after(() => phone.close())
  const via = `SIP/2.0/UDP [::1]:${phone.port}`
  await phone.send(text(phone, 'INVITE', { via, rport: true, body: 'offer' }))
  await phone.response(100)
  await until('the call comes in', () => at.calls.length > 0)
  assert.equal(at.calls[0]?.source.address, '::1')
  at.calls[0]?.accept({ sdp: 'answer', user: at.dialogUser })
  const ok = await phone.response(200)
  assert.equal(ok.topVia.host, '[::1]')
  assert.equal(ok.topVia.parameters.get('rport'), String(phone.port))
  const contact = ok.contacts[0]?.uri
  assert.ok(contact?.kind === 'sip' && contact.host === '[::1]' && contact.port === at.local.port)
  await phone.send(ackOf(phone, ok, { via }))
  await until('the ACK comes', () => at.events.includes('acked'))

  const asked = at.stack.ask({ method: 'OPTIONS', uri: `sip:[::1]:${phone.port}` })
  const options = await phone.request('OPTIONS')
  assert.equal(options.uriText, `sip:[::1]:${phone.port}`)
  assert.deepEqual([options.topVia.host, options.topVia.port], ['[::1]', at.local.port])
  await phone.send(reply(options, 200))
  const said = await asked
  assert.ok(said.outcome === 'answered' && said.remote.address === '::1')
})

test('a flow over IPv6 is found again by its key', { skip }, async (t) => {
  const { stack, local } = await testStack(t, { listeners: LISTENERS })
  const flow = stack.flowTo({ address: '2001:db8::7', port: 5070 }, 'tcp')
  assert.ok(flow)
  assert.deepEqual(stack.flow(flow.key)?.remote, { address: '2001:db8::7', port: 5070 })
  assert.deepEqual(await stack.resolve('sip:[2001:db8::8];transport=tcp'), [
    { remote: { address: '2001:db8::8', port: 5060 }, transport: 'tcp' },
  ])
  assert.deepEqual(await stack.resolve('sip:192.0.2.1'), [], 'nothing of ours leads there')
  assert.equal(local.address, '::1')
})

const SAME = ['[2001:DB8::1]', '[2001:db8:0:0:0:0:0:1]', '[2001:0db8::0001]']

test('one IPv6 address is one host, however it is written', () => {
  for (const host of SAME) {
    const uri = parseUri(`sip:${host}:5070`)
    assert.ok(uri.kind === 'sip')
    assert.deepEqual([uri.host, uri.port, uri.text], ['[2001:db8::1]', 5070, `sip:${host}:5070`])
  }
})

for (const host of ['0:0:0:0:0:0:0:1', '0000::0001'])
  test(`a peer that writes its address as ${host} is the one at ::1`, { skip }, async (t) => {
    const at = await testStack(t, { listeners: LISTENERS })
    const phone = await UdpPeer.open(at.local, '::1')
    t.after(() => phone.close())
    // its Via tells the truth: nothing is added to it, and the port that it names is believed (RFC 3261 §18.2)
    const there = await UdpPeer.open(at.local, '::1')
    t.after(() => there.close())
    await phone.send(text(phone, 'OPTIONS', { via: `SIP/2.0/UDP [${host}]:${there.port}`, callId: 'o1' }))
    assert.equal((await there.response(200)).topVia.parameters.has('received'), false)

    // a challenge comes from whom we dialled
    const credentials = { username: 'acme', password: 'open sesame', realm: 'carrier.example' }
    const asked = at.stack.ask({ method: 'OPTIONS', uri: `sip:[${host}]:${phone.port}`, credentials })
    const first = await phone.request('OPTIONS')
    const [challenge = ''] = digestChallenge({ realm: credentials.realm, nonce: 'n1' })
    await phone.send(reply(first, 401, [`WWW-Authenticate: ${challenge}`]))
    const second = await phone.request('OPTIONS')
    assert.ok(second.headers.has('authorization'))
    await phone.send(reply(second, 200))
    assert.equal((await asked).outcome, 'answered')
    assert.equal(
      at.stack.flowTo({ address: host, port: 5070 }, 'tcp')?.key,
      at.stack.flowTo({ address: '::1', port: 5070 }, 'tcp')?.key,
    )
  })
