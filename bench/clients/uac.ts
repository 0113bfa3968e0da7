import dgram from 'node:dgram'
import { once } from 'node:events'
import { systemClock } from '#platform/time'

/** A call without a final answer, or without the expected BYE, after this long is lost: nothing is ever sent twice. */
const LOST_AFTER_MS = 5_000

/** What a caller wants to know of one call. */
export interface CallObserver {
  /** The final 2xx; `sdp` is its body. */
  answered?(call: UacCall, setupMs: number, sdp: string): void
  /** The last word: `completed` by a BYE of either side, the status of a refusal, or `lost`. */
  over(outcome: 'completed' | 'lost' | number): void
}

/** One call of the load generator. */
export interface UacCall {
  readonly callId: string
  readonly from: string
  readonly uri: string
  to: string
  target: string
  readonly sentMs: number
  finalMs: number
  ending: boolean
  readonly observer: CallObserver
}

/**
 * A caller as small as it can be: one socket, no transactions, no retransmissions. What is lost stays lost and is
 * counted, so that a server that drops packets cannot look fast.
 */
export class Uac {
  readonly #socket: dgram.Socket
  readonly #server: number
  readonly #calls = new Map<string, UacCall>()
  readonly #answers = new Map<string, (status: number, message: string) => void>()
  #made = 0

  private constructor(socket: dgram.Socket, server: number) {
    this.#socket = socket
    this.#server = server
    socket.on('message', (data) => this.#hear(data.toString('latin1')))
    socket.on('error', () => {})
    this.#sweep()
  }

  static async open(serverPort: number): Promise<Uac> {
    const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new Uac(socket, serverPort)
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** Calls a number; `rtpPort` is where its sound shall go. */
  call(service: string, rtpPort: number, observer: CallObserver): UacCall {
    const number = ++this.#made
    const uri = `sip:${service}@127.0.0.1:${this.#server}`
    const call: UacCall = {
      callId: `${process.pid}-${number}`,
      from: `<sip:caller@127.0.0.1:${this.port}>;tag=c${number}`,
      uri,
      to: `<${uri}>`,
      target: uri,
      sentMs: performance.now(),
      finalMs: 0,
      ending: false,
      observer,
    }
    this.#calls.set(call.callId, call)
    const sdp =
      `v=0\r\no=- ${number} 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n` +
      `m=audio ${rtpPort} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n`
    const contact = `Contact: <sip:caller@127.0.0.1:${this.port}>\r\nContent-Type: application/sdp\r\n`
    this.#request('INVITE', uri, call, 1, contact, sdp)
    return call
  }

  /** Ends a call that was answered. */
  hangUp(call: UacCall): void {
    call.ending = true
    call.finalMs = performance.now()
    this.#request('BYE', call.target, call, 2)
  }

  /** Sends a request outside of any call and gives its answer; `lines` end in CRLF each. */
  request(method: string, uri: string, aor: string, callId: string, cseq: number, lines: string) {
    const branch = `z9hG4bK${process.pid}x${++this.#made}`
    return new Promise<{ status: number; message: string }>((resolve) => {
      const timer = systemClock.after(LOST_AFTER_MS, () => answer(0, ''))
      const answer = (status: number, message: string) => {
        timer.cancel()
        this.#answers.delete(branch)
        resolve({ status, message })
      }
      this.#answers.set(branch, answer)
      this.#send(
        `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch};rport\r\n` +
          `Max-Forwards: 70\r\nFrom: <${aor}>;tag=r\r\nTo: <${aor}>\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n` +
          `${lines}Content-Length: 0\r\n\r\n`,
      )
    })
  }

  #request(method: string, uri: string, call: UacCall, cseq: number, lines = '', body = ''): void {
    const branch = `z9hG4bK${call.callId}${method === 'INVITE' ? '' : `-${method}`}`
    this.#send(
      `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch};rport\r\n` +
        `Max-Forwards: 70\r\nFrom: ${call.from}\r\nTo: ${call.to}\r\nCall-ID: ${call.callId}\r\n` +
        `CSeq: ${cseq} ${method}\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`,
    )
  }

  #send(text: string): void {
    this.#socket.send(text, this.#server, '127.0.0.1')
  }

  #hear(message: string): void {
    if (message.startsWith('SIP/2.0 ')) this.#hearResponse(message)
    else this.#hearRequest(message)
  }

  #hearResponse(message: string): void {
    const status = Number(message.slice(8, 11))
    if (status < 200) return
    const branch = /;branch=([^;\s,]+)/.exec(header(message, 'Via'))?.[1] ?? ''
    const answer = this.#answers.get(branch)
    const call = this.#calls.get(header(message, 'Call-ID'))
    if (answer) answer(status, message)
    else if (!call) return
    else if (header(message, 'CSeq').endsWith('BYE')) this.#end(call, 'completed')
    else if (status >= 300) this.#refused(call, status, branch, header(message, 'To'))
    else this.#answered(call, message)
  }

  #refused(call: UacCall, status: number, branch: string, to: string): void {
    this.#send(
      `ACK ${call.uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch};rport\r\n` +
        `Max-Forwards: 70\r\nFrom: ${call.from}\r\nTo: ${to}\r\nCall-ID: ${call.callId}\r\n` +
        'CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n',
    )
    this.#end(call, status)
  }

  #answered(call: UacCall, message: string): void {
    const isFirst = call.finalMs === 0
    if (isFirst) call.finalMs = performance.now()
    call.to = header(message, 'To')
    call.target = /<([^>]+)>/.exec(header(message, 'Contact'))?.[1] ?? call.uri
    this.#request('ACK', call.target, call, 1)
    if (isFirst)
      call.observer.answered?.(call, call.finalMs - call.sentMs, message.slice(message.indexOf('\r\n\r\n') + 4))
  }

  #hearRequest(message: string): void {
    if (message.startsWith('ACK ')) return
    const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => `${name}: ${header(message, name)}\r\n`)
    this.#send(`SIP/2.0 200 OK\r\n${copied.join('')}Content-Length: 0\r\n\r\n`)
    const call = message.startsWith('BYE ') ? this.#calls.get(header(message, 'Call-ID')) : undefined
    if (call) this.#end(call, 'completed')
  }

  #end(call: UacCall, outcome: 'completed' | 'lost' | number): void {
    if (this.#calls.delete(call.callId)) call.observer.over(outcome)
  }

  /** Calls that got no final answer, or whose own BYE got none, are lost. */
  #sweep(): void {
    const beforeMs = performance.now() - LOST_AFTER_MS
    for (const call of this.#calls.values()) {
      const isLost = call.finalMs === 0 ? call.sentMs < beforeMs : call.ending && call.finalMs < beforeMs
      if (isLost) this.#end(call, 'lost')
    }
    systemClock.after(500, () => this.#sweep())
  }
}

/** The value of a header that stands in one line; empty where it is missing. */
export function header(message: string, name: string): string {
  const from = message.indexOf(`\r\n${name}:`)
  if (from < 0) return ''
  const start = from + name.length + 3
  return message.slice(start, message.indexOf('\r\n', start)).trim()
}
