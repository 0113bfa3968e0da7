import type { SipRequest, SipResponse } from '#telecom/sip'
import { eventually } from './eventually.ts'
import type { PhoneSound } from './phone-sound.ts'
import { random, sipMessage } from './sip-text.ts'

/** A call that reached a fake phone: it says exactly what a test wants said. */
export class FakeCallee {
  readonly invite: SipRequest
  readonly sound: PhoneSound
  /** Everything that came in this call, the INVITE and its repetitions included. */
  readonly requests: SipRequest[] = []
  readonly responses: SipResponse[] = []
  /** Whether a CANCEL ends it with 487 at once; else the test says what follows. */
  answersCancelWith487 = true
  readonly #tag = random()
  readonly #contact: string
  readonly #sentBy: string
  readonly #send: (text: string) => void
  #cseq = 1_000
  #sdp: string | undefined

  constructor(parts: {
    invite: SipRequest
    sound: PhoneSound
    contact: string
    /** Protocol and address of its Via. */
    sentBy: string
    send: (text: string) => void
  }) {
    this.invite = parts.invite
    this.sound = parts.sound
    this.#contact = parts.contact
    this.#sentBy = parts.sentBy
    this.#send = parts.send
    this.requests.push(parts.invite)
    if (parts.invite.sdp) this.sound.aimAt(parts.invite.sdp.toString())
  }

  /** Its dialog as an INVITE with Replaces names it to whoever began it. */
  get replaces(): string {
    return `${this.invite.callId};to-tag=${this.invite.fromTag};from-tag=${this.#tag}`
  }

  /** Its methods in the order they came. */
  get methods(): string[] {
    return this.requests.map(({ method }) => method)
  }

  ring(status = 180, sdp?: string): void {
    this.respond(this.invite, status, status === 183 ? 'Session Progress' : 'Ringing', sdp)
  }

  /** 200 with its description, or with the one given. `tag` makes it another fork's. */
  answer(options: { sdp?: string; tag?: string } = {}): void {
    this.#sdp ??= options.sdp ?? this.sound.offer({ payloads: '0 101' })
    this.respond(this.invite, 200, 'OK', options.sdp ?? this.#sdp, options.tag)
  }

  reject(status: number, reason = 'No', lines: readonly string[] = []): void {
    this.respond(this.invite, status, reason, undefined, undefined, lines)
  }

  respond(
    request: SipRequest,
    status: number,
    reason: string,
    sdp?: string,
    tag = this.#tag,
    lines: readonly string[] = [],
  ): void {
    const copied = ['via', 'record-route', 'from', 'call-id', 'cseq'].flatMap((name) =>
      request.headers.all(name).map((value) => `${name}: ${value}`),
    )
    const to = request.headers.get('to') ?? ''
    this.#send(
      sipMessage(
        `SIP/2.0 ${status} ${reason}`,
        [
          ...copied,
          `To: ${to.includes(';tag=') || status === 100 ? to : `${to};tag=${tag}`}`,
          `Contact: ${this.#contact}`,
          ...lines,
          ...(sdp === undefined ? [] : ['Content-Type: application/sdp']),
        ],
        sdp ?? '',
      ),
    )
  }

  /** A request of its own in the dialog; resolves with the final answer. An INVITE is acknowledged. */
  async request(method: string, sdp?: string, lines: readonly string[] = []): Promise<SipResponse> {
    const cseq = ++this.#cseq
    this.#request(method, cseq, sdp, lines)
    const response = await eventually(
      `an answer to ${method}`,
      () => this.responses.find((one) => one.cseq.number === cseq && one.status >= 200),
      5_000,
    )
    if (method === 'INVITE') this.#request('ACK', cseq)
    return response
  }

  hangUp(): Promise<SipResponse> {
    return this.request('BYE')
  }

  /** Resolves when a request of this method has come. */
  heard(method: string, withinMs = 5_000): Promise<SipRequest> {
    return eventually(
      `the callee gets ${method}; it got ${this.methods}`,
      () => this.requests.find((request) => request.method === method),
      withinMs,
    )
  }

  hearRequest(request: SipRequest): void {
    this.requests.push(request)
    if (request.method === 'CANCEL') {
      this.respond(request, 200, 'OK')
      if (this.answersCancelWith487) this.reject(487, 'Request Terminated')
    } else if (request.method === 'INVITE' && request.toTag !== '') {
      if (request.sdp) this.sound.aimAt(request.sdp.toString())
      this.respond(request, 200, 'OK', this.sound.offer({ payloads: '0 101' }))
    } else if (request.method !== 'ACK' && request.method !== 'INVITE') this.respond(request, 200, 'OK')
  }

  hearResponse(response: SipResponse): void {
    this.responses.push(response)
  }

  #request(method: string, cseq: number, sdp?: string, lines: readonly string[] = []): void {
    const { invite } = this
    const target = invite.contacts[0]?.uri.text ?? invite.from.uri.text
    this.#send(
      sipMessage(
        `${method} ${target} SIP/2.0`,
        [
          `Via: ${this.#sentBy};branch=z9hG4bK${random()};rport`,
          'Max-Forwards: 70',
          ...invite.headers.list('record-route').map((route) => `Route: ${route}`),
          `From: ${invite.headers.get('to')};tag=${this.#tag}`,
          `To: ${invite.headers.get('from')}`,
          `Call-ID: ${invite.callId}`,
          `CSeq: ${cseq} ${method}`,
          `Contact: ${this.#contact}`,
          ...lines,
          ...(sdp === undefined ? [] : ['Content-Type: application/sdp']),
        ],
        sdp ?? '',
      ),
    )
  }
}
