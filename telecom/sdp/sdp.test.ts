import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { acceptAnswer, answerOffer, type LocalMedia, makeOffer, type Negotiated, parseSdp, writeSdp } from './index.ts'

const local: LocalMedia = { address: '192.0.2.1', port: 20_000, sessionId: '7', version: 1 }

function offer(audio: string[], session: string[] = ['c=IN IP4 198.51.100.9']): string {
  return ['v=0', 'o=phone 1 1 IN IP4 198.51.100.9', 's=-', ...session, 't=0 0', ...audio, ''].join('\r\n')
}

const PLAIN = ['m=audio 4000 RTP/AVP 8 0 101', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15', 'a=ptime:30']

function agreed(text: string, ours: LocalMedia = local): { sdp: string; negotiated: Negotiated } {
  const answered = answerOffer(text, ours)
  assert.ok('sdp' in answered, JSON.stringify(answered))
  return answered
}

function refusal(text: string, ours: LocalMedia = local): string {
  const answered = answerOffer(text, ours)
  assert.ok('unacceptable' in answered, 'it was accepted')
  return answered.unacceptable
}

test('an offer is answered with its first codec that we take, its digits and its packet time (RFC 3264 §6)', () => {
  const { sdp, negotiated } = agreed(offer(PLAIN))
  assert.deepEqual(negotiated, {
    remote: { address: '198.51.100.9', port: 4000, rtcpPort: 4001 },
    codec: 'PCMA',
    payloadTypeSend: 8,
    payloadTypeReceive: 8,
    telephoneEventSend: 101,
    telephoneEventReceive: 101,
    ptimeMs: 30,
    direction: 'sendrecv',
    held: false,
  })
  assert.match(
    sdp,
    /^v=0\r\no=- 7 1 IN IP4 192\.0\.2\.1\r\ns=-\r\nc=IN IP4 192\.0\.2\.1\r\nt=0 0\r\nm=audio 20000 RTP\/AVP 8 101\r\n/,
  )
  assert.match(sdp, /a=rtpmap:101 telephone-event\/8000\r\n/)
  assert.match(sdp, /a=sendrecv\r\n$/)
})

test('a codec under a dynamic payload type is found by its rtpmap', () => {
  const { sdp, negotiated } = agreed(
    offer([
      'm=audio 4000 RTP/AVP 96 97 98',
      'a=rtpmap:96 opus/48000/2',
      'a=rtpmap:97 PCMU/8000',
      'a=rtpmap:98 telephone-event/8000',
    ]),
  )
  assert.equal(negotiated.codec, 'PCMU')
  assert.equal(negotiated.payloadTypeSend, 97)
  assert.equal(negotiated.telephoneEventSend, 98)
  assert.match(sdp, /m=audio 20000 RTP\/AVP 97 98\r\n/)
})

test('digits of another clock rate are not taken', () => {
  const { negotiated } = agreed(offer(['m=audio 4000 RTP/AVP 0 96', 'a=rtpmap:96 telephone-event/48000']))
  assert.equal(negotiated.telephoneEventSend, null)
})

test('hold and resume: our direction is the mirror of theirs (RFC 3264 §6.1, §8.4)', () => {
  const cases = [
    ['a=sendrecv', 'sendrecv', false],
    ['a=sendonly', 'recvonly', true],
    ['a=recvonly', 'sendonly', false],
    ['a=inactive', 'inactive', true],
  ] as const
  for (const [line, direction, held] of cases) {
    const { negotiated, sdp } = agreed(offer([...PLAIN, line]))
    assert.equal(negotiated.direction, direction)
    assert.equal(negotiated.held, held)
    assert.ok(sdp.includes(`a=${direction}\r\n`))
    assert.equal(agreed(offer(PLAIN, ['c=IN IP4 198.51.100.9', line])).negotiated.direction, direction, 'session level')
  }
})

test('c=0.0.0.0 is hold: nothing is sent, there is nowhere to send to', () => {
  const { negotiated, sdp } = agreed(offer(PLAIN, ['c=IN IP4 0.0.0.0']))
  assert.equal(negotiated.remote, null)
  assert.equal(negotiated.direction, 'recvonly')
  assert.equal(negotiated.held, true)
  assert.ok(sdp.includes('a=recvonly'))
})

test('we never promise more than we are willing to do', () => {
  const { negotiated } = agreed(offer(PLAIN), { ...local, direction: 'sendonly' })
  assert.equal(negotiated.direction, 'sendonly')
  assert.equal(
    agreed(offer([...PLAIN, 'a=sendonly']), { ...local, direction: 'sendonly' }).negotiated.direction,
    'inactive',
  )
})

test('every further media line is answered with port 0, in its place (RFC 3264 §6)', () => {
  const { sdp } = agreed(
    offer([
      'm=video 5000 RTP/AVP 34',
      'a=rtpmap:34 H263/90000',
      ...PLAIN,
      'm=image 5002 udptl t38',
      'm=audio 6000 RTP/AVP 0',
    ]),
  )
  const lines = sdp.split('\r\n').filter((line) => line.startsWith('m='))
  assert.deepEqual(lines, [
    'm=video 0 RTP/AVP 34',
    'm=audio 20000 RTP/AVP 8 101',
    'm=image 0 udptl t38',
    'm=audio 0 RTP/AVP 0',
  ])
})

test('what cannot become a call is refused with its reason, so that SIP answers 488', () => {
  assert.equal(refusal(offer(['m=image 5002 udptl t38'])), 'image_only')
  assert.equal(refusal(offer(['m=image 5002 udptl t38', 'm=audio 0 RTP/AVP 0'])), 'image_only')
  assert.equal(refusal(offer(['m=video 5000 RTP/AVP 34'])), 'no_audio')
  assert.equal(refusal(offer(['m=audio 0 RTP/AVP 0'])), 'no_audio')
  assert.equal(refusal(offer([])), 'no_audio')
  assert.equal(refusal(offer(['m=audio 4000 RTP/AVP 9 18'])), 'no_codec')
  assert.equal(refusal(offer(['m=audio 4000 RTP/AVP 8']), { ...local, codecs: ['PCMU'] }), 'no_codec')
  assert.equal(refusal(offer(['m=audio 4000 RTP/SAVP 0'])), 'transport')
  assert.equal(refusal(offer(PLAIN, ['c=IN IP4 media.example.org'])), 'no_address')
  assert.equal(refusal(offer(PLAIN, ['c=IN IP4 224.2.1.1/127'])), 'no_address')
  assert.equal(refusal(offer(PLAIN, ['c=IN IP6 2001:db8::1'])), 'no_address')
  assert.equal(refusal(offer(PLAIN, [])), 'malformed')
})

test('malformed descriptions are refused (RFC 8866 §5)', () => {
  const good = offer(PLAIN)
  const bad = [
    '',
    'v=1\r\n',
    good.replace('v=0\r\n', ''),
    good.replace(/o=.*\r\n/, ''),
    good.replace('o=phone 1 1', 'o=phone x 1'),
    good.replace('IN IP4 198.51.100.9\r\ns', 'IN IP5 198.51.100.9\r\ns'),
    good.replace('m=audio 4000', 'm=audio 70000'),
    good.replace('m=audio 4000', 'm=audio'),
    good.replace('RTP/AVP 8 0 101', 'RTP/AVP'),
    good.replace('a=ptime:30', 'nonsense'),
    good.replace('a=ptime:30', `a=${'x'.repeat(3_000)}`),
    good + 'm=audio 4000 RTP/AVP 0\r\n'.repeat(20),
    good + 'a=x\r\n'.repeat(5_000),
  ]
  for (const text of bad) assert.equal(refusal(text), 'malformed', text.slice(0, 60))
  assert.ok('sdp' in answerOffer(good.replaceAll('\r\n', '\n'), local), 'bare line feeds are forgiven')
})

test('no text, however damaged, ever throws', () => {
  const good = offer([...PLAIN, 'm=video 1 RTP/AVP 34', 'a=rtcp:9 IN IP4 1.2.3.4'])
  fc.assert(
    fc.property(fc.nat(good.length), fc.nat(40), fc.string({ unit: 'binary', maxLength: 20 }), (at, cut, put) => {
      answerOffer(good.slice(0, at) + put + good.slice(at + cut), local)
      acceptAnswer(local, good.slice(0, at) + put + good.slice(at + cut))
    }),
    { numRuns: 2_000 },
  )
})

test('IPv6 is spoken where we have an IPv6 address', () => {
  const { sdp, negotiated } = agreed(offer(PLAIN, ['c=IN IP6 2001:db8::9']), { ...local, address: '2001:db8::1' })
  assert.equal(negotiated.remote?.address, '2001:db8::9')
  assert.match(sdp, /c=IN IP6 2001:db8::1\r\n/)
})

test('packet times that we cannot send become the next smaller one, within 10 to 60 ms', () => {
  const ptime = (...lines: string[]) => agreed(offer(['m=audio 4000 RTP/AVP 0', ...lines])).negotiated.ptimeMs
  assert.deepEqual(
    [
      ptime(),
      ptime('a=ptime:5'),
      ptime('a=ptime:25'),
      ptime('a=ptime:100'),
      ptime('a=ptime:60', 'a=maxptime:40'),
      ptime('a=ptime:0'),
    ],
    [20, 10, 20, 60, 40, 20],
  )
})

test('a=rtcp moves the port of RTCP (RFC 3605)', () => {
  const { negotiated } = agreed(offer([...PLAIN, 'a=rtcp:5555']))
  assert.equal(negotiated.remote?.rtcpPort, 5555)
})

test('our offer and its answer agree, with different payload types per direction (RFC 3264 §5.1)', () => {
  const ours = makeOffer({ ...local, telephoneEvent: 96 })
  assert.match(ours, /m=audio 20000 RTP\/AVP 0 8 96\r\n/)
  const theirs = offer(['m=audio 4000 RTP/AVP 8 101', 'a=rtpmap:101 telephone-event/8000', 'a=recvonly'])
  const accepted = acceptAnswer({ ...local, telephoneEvent: 96 }, theirs)
  assert.ok('negotiated' in accepted)
  assert.equal(accepted.negotiated.codec, 'PCMA')
  assert.equal(accepted.negotiated.telephoneEventSend, 101)
  assert.equal(accepted.negotiated.telephoneEventReceive, 96)
  assert.equal(accepted.negotiated.direction, 'sendonly')
})

test('an offer of ours is answered by ourselves: both sides see the same call', () => {
  const other = { ...local, address: '192.0.2.2', port: 30_000 }
  const answered = agreed(makeOffer({ ...local, direction: 'sendonly', ptimeMs: 40 }), other)
  const accepted = acceptAnswer({ ...local, direction: 'sendonly' }, answered.sdp)
  assert.ok('negotiated' in accepted)
  assert.equal(answered.negotiated.direction, 'recvonly')
  assert.equal(accepted.negotiated.direction, 'sendonly')
  assert.equal(accepted.negotiated.remote?.port, 30_000)
  assert.equal(accepted.negotiated.ptimeMs, 40)
})

test('a description that was read and written again says the same', () => {
  const parsed = parseSdp(offer([...PLAIN, 'm=video 0 RTP/AVP 34']))
  assert.ok('sdp' in parsed)
  assert.deepEqual(parseSdp(writeSdp(parsed.sdp)), parsed)
})
