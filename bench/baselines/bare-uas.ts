/** A user agent without transactions, database or sound: 200 to INVITE and REGISTER, BYE as soon as the ACK is there. */
import dgram from 'node:dgram'
import { options, say } from '../clients/report.ts'
import { header } from '../clients/uac.ts'

options<unknown>()
const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 101\r\n' +
  'a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n'
const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 })
socket.on('error', () => {})
socket.on('message', (data, remote) => {
  const message = data.toString('latin1')
  const send = (text: string) => socket.send(text, remote.port, remote.address)
  if (message.startsWith('ACK ')) {
    const { port } = socket.address()
    send(
      `BYE ${contact(message)} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${header(message, 'Call-ID')}\r\n` +
        `Max-Forwards: 70\r\nFrom: ${header(message, 'To')}\r\nTo: ${header(message, 'From')}\r\n` +
        `Call-ID: ${header(message, 'Call-ID')}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n`,
    )
  } else if (!message.startsWith('SIP/2.0')) send(answer(message, message.startsWith('INVITE ') ? SDP : ''))
})
socket.bind(0, '127.0.0.1', () => say({ port: socket.address().port }))

function contact(message: string): string {
  return /<([^>]+)>/.exec(header(message, 'From'))?.[1] ?? 'sip:nobody@127.0.0.1'
}

function answer(message: string, body: string): string {
  const copied = ['Via', 'From', 'Call-ID', 'CSeq'].map((name) => `${name}: ${header(message, name)}\r\n`).join('')
  const type = body ? 'Content-Type: application/sdp\r\n' : ''
  return (
    `SIP/2.0 200 OK\r\n${copied}To: ${header(message, 'To')};tag=u\r\n` +
    `Contact: <sip:uas@127.0.0.1:${socket.address().port}>\r\n${type}Content-Length: ${body.length}\r\n\r\n${body}`
  )
}
