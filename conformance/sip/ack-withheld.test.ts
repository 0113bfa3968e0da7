import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '#platform/time'
import { parseMessage, SipRequest } from '#telecom/sip'
import { eventually, openWire, Platform } from '#testkit'
import { callableFlow } from '../calls/sample.ts'

let platform: Platform

before(async () => {
  platform = await Platform.start()
})
after(() => platform?.stop())

/** RFC 3261 §13.3.1.4: after T1, then doubling up to T2, until 64*T1 are over. */
const RESENT_AT_MS = [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]

test('a 200 whose ACK is withheld is sent again as the RFC says, over UDP and over TCP, then BYE and one hangup', async () => {
  const number = await callableFlow(platform, [{ type: 'answer' }, { type: 'sleep', option: { duration: 60_000 } }])
  await Promise.all((['udp', 'tcp'] as const).map((transport) => withhold(transport, number)))
  const { body } = await platform.api('GET', '/events?after=0&page_size=1000&types=call_hangup')
  assert.equal(body.result.length, 2, 'one end for each call')
  for (const { data } of body.result) assert.equal(data.hangup_by, 'remote')
})

async function withhold(transport: 'udp' | 'tcp', number: string): Promise<void> {
  const answeredMs: number[] = []
  let bye: SipRequest | undefined
  const [host = '', port = ''] = platform.sip.split(':')
  const wire = await openWire(transport, host, Number(port))
  wire.listen((data) => {
    const message = parseMessage(data)
    if (message instanceof SipRequest) bye = message
    else if (message.status === 200) answeredMs.push(systemClock.monotonicMs())
  })
  try {
    const sdp = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 9 RTP/AVP 0', '']
    const body = sdp.join('\r\n')
    wire.send(
      [
        `INVITE sip:${number}@${platform.sip} SIP/2.0`,
        `Via: SIP/2.0/${transport.toUpperCase()} 127.0.0.1:${wire.port};branch=z9hG4bK${transport};rport`,
        'Max-Forwards: 70',
        `From: <sip:silent-${transport}@example.com>;tag=1`,
        `To: <sip:${number}@${platform.sip}>`,
        `Call-ID: ack-withheld-${transport}`,
        'CSeq: 1 INVITE',
        `Contact: <sip:silent@127.0.0.1:${wire.port};transport=${transport}>`,
        'Content-Type: application/sdp',
        `Content-Length: ${body.length}`,
        '',
        body,
      ].join('\r\n'),
    )
    await eventually(`the BYE comes over ${transport}`, () => bye, 40_000)
    const first = answeredMs[0] ?? 0
    assert.equal(bye?.method, 'BYE')
    assert.equal(answeredMs.length, RESENT_AT_MS.length, `${transport}: ${answeredMs.map((ms) => ms - first)}`)
    for (const [n, expectedMs] of RESENT_AT_MS.entries()) {
      const apartMs = (answeredMs[n] ?? 0) - first - expectedMs
      assert.ok(Math.abs(apartMs) < 250, `${transport}: the ${n}th is ${apartMs} ms off`)
    }
  } finally {
    wire.close()
  }
}
