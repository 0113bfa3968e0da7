/**
 * How long one INVITE takes to parse: `node telecom/sip/message/parser.bench.ts`. The aim is under 8 µs with every
 * structured header that a UAS looks at.
 */
import { checkRequest } from './check.ts'
import { parseMessage } from './parser.ts'
import { serialise } from './serialise.ts'

const BODY = 'v=0\r\no=u 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n'
const INVITE = Buffer.from(
  [
    'INVITE sip:+899100000001@pbx.example.com:5060;transport=udp SIP/2.0',
    'Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK-524287-1---d8754z;rport',
    'Max-Forwards: 70',
    'Contact: <sip:1000@192.168.1.20:5060;transport=UDP;ob>',
    'To: <sip:+899100000001@pbx.example.com>',
    'From: "Alice Smith" <sip:1000@pbx.example.com>;tag=6f5d8a22',
    'Call-ID: 84721MzQzYjk1NGRkYjM0MjA1ZTk1ZGVjMzM2NjQ5ZWI',
    'CSeq: 1 INVITE',
    'Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO, SUBSCRIBE',
    'Content-Type: application/sdp',
    'Supported: replaces, norefersub, extended-refer, timer, outbound, path',
    'User-Agent: Z 5.5.8 v2.10.15.4',
    `Content-Length: ${BODY.length}`,
    '',
    BODY,
  ].join('\r\n'),
)

const ROUNDS = 200_000

function measure(name: string, run: () => void): void {
  for (let round = 0; round < ROUNDS / 4; round++) run()
  const begin = process.hrtime.bigint()
  for (let round = 0; round < ROUNDS; round++) run()
  const microseconds = Number(process.hrtime.bigint() - begin) / 1_000 / ROUNDS
  console.log(`${name.padEnd(40)} ${microseconds.toFixed(2)} µs`)
}

const parsed = parseMessage(INVITE)
measure('split into lines, nothing looked at', () => parseMessage(INVITE))
measure('with every header that a UAS looks at', () => {
  const message = parseMessage(INVITE)
  if (message.kind === 'request') checkRequest(message, 70)
})
measure('write it again', () => serialise(parsed))
