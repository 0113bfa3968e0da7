import { systemClock, type Timer } from '#platform/time'
import { answerChallenge, parseMessage, type SipRequest, SipResponse } from '#telecom/sip'
import { eventually } from './eventually.ts'
import { FakeCallee } from './fake-callee.ts'
import { PhoneSound } from './phone-sound.ts'
import { openWire, type PhoneWire } from './phone-wire.ts'
import { random, sipMessage } from './sip-text.ts'

export interface RegisterOptions {
  expires?: number
  contact?: string | null
  headers?: Lines
  password?: string
  callId?: string
  /** The CSeq of the request that carries the password; those before it count up by themselves. */
  cseq?: number
  to?: string
}

export interface FakePhoneOptions {
  /** `host:port` of the server. */
  server: string
  /** Extension and password; a phone without a password is a stranger. */
  user: string
  password?: string
  /** The host of the Request-URI and of From; the server's address where left out. */
  domain?: string
  /** `udp` where left out. */
  transport?: 'udp' | 'tcp'
}

/** Headers beyond the usual ones, as lines. */
type Lines = readonly string[]

/** A SIP phone of the tests' own: it says exactly what a test wants said, and shows everything that it was told. */
export class FakePhone {
  readonly user: string
  readonly domain: string
  readonly port: number
  /** Requests that reached it outside of its calls. */
  readonly strangers: SipRequest[] = []
  /** Calls that reached it, once `whenCalled` says what becomes of them. */
  readonly callees: FakeCallee[] = []
  readonly #wire: PhoneWire
  readonly #password: string | undefined
  readonly #calls = new Map<string, FakeCall>()
  readonly #waiting = new Map<string, (response: SipResponse) => void>()
  #whenCalled: ((call: FakeCallee) => void) | undefined
  readonly #registerCallId = random()
  #registerCseq = 0

  private constructor(wire: PhoneWire, options: FakePhoneOptions) {
    this.#wire = wire
    this.#password = options.password
    this.user = options.user
    this.domain = options.domain ?? options.server
    this.port = wire.port
    wire.listen((data) => this.#hear(data))
  }

  static async start(options: FakePhoneOptions): Promise<FakePhone> {
    const [host = '127.0.0.1', port = '5060'] = options.server.split(':')
    return new FakePhone(await openWire(options.transport ?? 'udp', host, Number(port)), options)
  }

  /** Its own address of record and contact. */
  get aor(): string {
    return `sip:${this.user}@${this.domain}`
  }

  get contact(): string {
    return `<sip:${this.user}@127.0.0.1:${this.port}${this.#wire.transport === 'tcp' ? ';transport=tcp' : ''}>`
  }

  /** What its Via begins with. */
  get sentBy(): string {
    return `SIP/2.0/${this.#wire.transport.toUpperCase()} 127.0.0.1:${this.port}`
  }

  /**
   * REGISTER, with the password where it is asked for; gives the final answer. `contact` replaces the whole header value,
   * `null` leaves it out.
   */
  async register(options: RegisterOptions = {}): Promise<SipResponse> {
    const { contact = this.contact, callId = this.#registerCallId, to = `<${this.aor}>` } = options
    const password = options.password ?? this.#password
    const uri = `sip:${this.domain}`
    let authorization: Lines = []
    for (;;) {
      this.#registerCseq++
      const response = await this.#request('REGISTER', uri, {
        from: `<${this.aor}>;tag=${random()}`,
        to,
        callId,
        cseq: authorization.length > 0 && options.cseq !== undefined ? options.cseq : this.#registerCseq,
        lines: [
          ...(contact === null ? [] : [`Contact: ${contact}`]),
          ...(options.expires === undefined ? [] : [`Expires: ${options.expires}`]),
          ...(options.headers ?? []),
          ...authorization,
        ],
      })
      if (response.status !== 401 || password === undefined || authorization.length > 0) return response
      authorization = [`Authorization: ${this.#prove(response, 'REGISTER', uri, password)}`]
    }
  }

  /**
   * INVITE; resolves with the call at its first final answer (a 401 is answered with the password, once). `sdp`: null
   * sends no offer, text is sent as it is. `whileRinging` is called with the call before it is answered.
   */
  async call(
    dialled: string,
    options: {
      sdp?: string | null
      headers?: Lines
      contentType?: string
      from?: string
      uri?: string
      whileRinging?: (call: FakeCall) => void
      /** Acknowledge the 200 (default), or leave that out. */
      ack?: boolean
    } = {},
  ): Promise<FakeCall> {
    const sound = await PhoneSound.open()
    const uri = options.uri ?? `sip:${dialled}@${this.domain}`
    const call = new FakeCall(this, (text) => this.#send(text), {
      uri,
      from: `<${options.from ?? this.aor}>;tag=${random()}`,
      callId: random(),
      sound,
      sdp: options.sdp === undefined ? sound.offer() : options.sdp,
      contentType: options.contentType ?? 'application/sdp',
      lines: options.headers ?? [],
      ack: options.ack ?? true,
    })
    this.#calls.set(call.callId, call)
    call.invite()
    options.whileRinging?.(call)
    await call.answered
    if (call.status === 401 && this.#password !== undefined && call.final) {
      call.invite([`Authorization: ${this.#prove(call.final, 'INVITE', uri, this.#password)}`])
      await call.answered
    }
    return call
  }

  /** What it does with a call that reaches it; without, every call gets 481. */
  whenCalled(act: (call: FakeCallee) => void): void {
    this.#whenCalled = act
  }

  /** The call that reaches it next, or did already: the `nth` one. */
  called(nth = 0, withinMs = 5_000): Promise<FakeCallee> {
    return eventually(`a call reaches ${this.user}`, () => this.callees[nth], withinMs)
  }

  /** Forgets everything and closes its sockets. */
  close(): void {
    for (const call of [...this.#calls.values(), ...this.callees]) call.sound.close()
    this.#wire.close()
  }

  /** Sends a text as it is. */
  send(text: string): void {
    this.#send(text)
  }

  #callee(callId: string): FakeCallee | undefined {
    return this.callees.find(({ invite }) => invite.callId === callId)
  }

  async #beCalled(invite: SipRequest, act: (call: FakeCallee) => void): Promise<void> {
    const sound = await PhoneSound.open()
    if (this.#callee(invite.callId)) return sound.close() // the INVITE came again meanwhile
    const { contact, sentBy } = this
    const call = new FakeCallee({ invite, sound, contact, sentBy, send: (text) => this.#send(text) })
    this.callees.push(call)
    act(call)
  }

  #prove(response: SipResponse, method: string, uri: string, password: string): string {
    const value = answerChallenge({
      challenges: response.headers.all('www-authenticate'),
      method,
      uri,
      secret: { username: this.user, password },
      cnonce: random(),
    })
    if (value === undefined) throw new Error('the challenge cannot be answered')
    return value
  }

  async #request(
    method: string,
    uri: string,
    parts: { from: string; to: string; callId: string; cseq: number; lines: Lines },
  ): Promise<SipResponse> {
    const branch = `z9hG4bK${random()}`
    const answered = new Promise<SipResponse>((resolve) => this.#waiting.set(branch, resolve))
    this.#send(
      sipMessage(`${method} ${uri} SIP/2.0`, [
        `Via: ${this.sentBy};branch=${branch};rport`,
        'Max-Forwards: 70',
        `From: ${parts.from}`,
        `To: ${parts.to}`,
        `Call-ID: ${parts.callId}`,
        `CSeq: ${parts.cseq} ${method}`,
        ...parts.lines,
      ]),
    )
    return within(answered, `no answer to ${method}`)
  }

  #send(text: string): void {
    this.#wire.send(text)
  }

  #hear(data: Buffer): void {
    if (!isText(data)) return // sound of somebody who had this port before
    const heard = parseMessage(data)
    if (heard instanceof SipResponse) {
      const waiting = this.#waiting.get(heard.topVia.branch ?? '')
      if (waiting && heard.status >= 200) waiting(heard)
      else (this.#calls.get(heard.callId) ?? this.#callee(heard.callId))?.hearResponse(heard)
      return
    }
    const call = this.#calls.get(heard.callId) ?? this.#callee(heard.callId)
    if (call) call.hearRequest(heard)
    else if (heard.method === 'INVITE' && this.#whenCalled) void this.#beCalled(heard, this.#whenCalled)
    else {
      this.strangers.push(heard)
      if (heard.method !== 'ACK') this.#send(answerTo(heard, 481, 'Call Does Not Exist'))
    }
  }
}

interface CallParts {
  uri: string
  from: string
  callId: string
  sound: PhoneSound
  sdp: string | null
  contentType: string
  lines: Lines
  ack: boolean
}

/** One call of the fake phone. */
export class FakeCall {
  readonly callId: string
  readonly sound: PhoneSound
  readonly responses: SipResponse[] = []
  readonly requests: SipRequest[] = []
  /** The BYE of the other side, if it came. */
  bye: SipRequest | undefined
  #answered!: Promise<void>
  #resolveAnswered: () => void = () => {}
  #final: SipResponse | undefined
  #cseq = 0
  #inviteCseq = 0
  #branch = ''
  #remoteTag = ''
  #target: string
  readonly #send: (text: string) => void
  readonly #phone: FakePhone
  readonly #parts: CallParts

  constructor(phone: FakePhone, send: (text: string) => void, parts: CallParts) {
    this.#phone = phone
    this.#send = send
    this.#parts = parts
    this.callId = parts.callId
    this.sound = parts.sound
    this.#target = parts.uri
  }

  /** Resolves at the first final answer to the latest INVITE. */
  get answered(): Promise<void> {
    return within(this.#answered, 'no final answer to INVITE')
  }

  get final(): SipResponse | undefined {
    return this.#final
  }

  get status(): number {
    return this.#final?.status ?? 0
  }

  /** The provisional statuses so far, 100 left out. */
  get provisional(): number[] {
    return this.responses.filter(({ status }) => status > 100 && status < 200).map(({ status }) => status)
  }

  invite(extra: Lines = []): void {
    this.#final = undefined
    this.#answered = new Promise((resolve) => {
      this.#resolveAnswered = resolve
    })
    this.#inviteCseq = ++this.#cseq
    this.#branch = `z9hG4bK${random()}`
    const { sdp, contentType, lines } = this.#parts
    this.#request('INVITE', this.#parts.uri, this.#inviteCseq, this.#branch, [...lines, ...extra], sdp, contentType)
  }

  /** ACK of the latest 2xx; `sdp` where that carried the offer. */
  ack(sdp: string | null = null): void {
    this.#request('ACK', this.#target, this.#inviteCseq, `z9hG4bK${random()}`, [], sdp)
  }

  cancel(lines: Lines = []): void {
    this.#request('CANCEL', this.#parts.uri, this.#inviteCseq, this.#branch, lines, null)
  }

  /** BYE; resolves with its answer. */
  hangUp(lines: Lines = []): Promise<SipResponse> {
    return this.request('BYE', lines)
  }

  /** A re-INVITE; resolves with its final answer, which has been acknowledged. */
  async reinvite(sdp: string | null, ackSdp: string | null = null): Promise<SipResponse> {
    const response = await this.request('INVITE', [], sdp)
    this.#request('ACK', this.#target, response.cseq.number, `z9hG4bK${random()}`, [], ackSdp)
    return response
  }

  /** A request in the dialog; resolves with its final answer. */
  async request(
    method: string,
    lines: Lines = [],
    body: string | null = null,
    type = 'application/sdp',
  ): Promise<SipResponse> {
    const cseq = ++this.#cseq
    this.#request(method, this.#target, cseq, `z9hG4bK${random()}`, lines, body, type)
    return eventually(
      `an answer to ${method}`,
      () => this.responses.find((response) => response.cseq.number === cseq && response.status >= 200),
      5_000,
    )
  }

  hearResponse(response: SipResponse): void {
    this.responses.push(response)
    if (response.cseq.method !== 'INVITE' || response.cseq.number !== this.#inviteCseq) return
    if (response.status < 200) return
    if (response.status >= 300) {
      const lines = [
        `Via: ${this.#phone.sentBy};branch=${this.#branch};rport`,
        'Max-Forwards: 70',
        `From: ${this.#parts.from}`,
        `To: ${response.headers.get('to')}`,
        `Call-ID: ${this.callId}`,
        `CSeq: ${this.#inviteCseq} ACK`,
      ]
      this.#send(sipMessage(`ACK ${this.#parts.uri} SIP/2.0`, lines))
    }
    if (this.#final) return
    this.#final = response
    if (response.status < 300) {
      this.#remoteTag = response.toTag
      this.#target = response.contacts[0]?.uri.text ?? this.#parts.uri
      if (response.sdp) this.sound.aimAt(response.sdp.toString())
      if (this.#parts.ack && this.#parts.sdp !== null) this.ack()
    }
    this.#resolveAnswered()
  }

  hearRequest(request: SipRequest): void {
    this.requests.push(request)
    if (request.method === 'ACK') return
    if (request.method === 'BYE') this.bye = request
    const offer = request.method === 'INVITE' ? request.sdp?.toString() : undefined
    this.#send(offer === undefined ? answerTo(request, 200, 'OK') : this.#agree(request, offer))
  }

  /** Goes along with what is offered: another address, another direction. */
  #agree(request: SipRequest, offer: string): string {
    this.sound.aimAt(offer)
    const offered = /^a=(sendonly|recvonly|inactive)/m.exec(offer)?.[1] ?? 'sendrecv'
    const direction = { sendonly: 'recvonly', recvonly: 'sendonly' }[offered] ?? offered
    const description = ['Content-Type: application/sdp', `Contact: ${this.#phone.contact}`]
    return answerTo(request, 200, 'OK', description, this.sound.offer({ direction }))
  }

  #request(
    method: string,
    uri: string,
    cseq: number,
    branch: string,
    lines: Lines,
    body: string | null,
    type = 'application/sdp',
  ): void {
    const tag = this.#remoteTag !== '' ? `;tag=${this.#remoteTag}` : ''
    const withContact = method === 'INVITE' ? [`Contact: ${this.#phone.contact}`] : []
    this.#send(
      sipMessage(
        `${method} ${uri} SIP/2.0`,
        [
          `Via: ${this.#phone.sentBy};branch=${branch};rport`,
          ...(lines.some((line) => /^max-forwards:/i.test(line)) ? [] : ['Max-Forwards: 70']),
          `From: ${this.#parts.from}`,
          `To: <${this.#parts.uri}>${tag}`,
          `Call-ID: ${this.callId}`,
          `CSeq: ${cseq} ${method}`,
          ...withContact,
          ...lines,
          ...(body === null ? [] : [`Content-Type: ${type}`]),
        ],
        body ?? '',
      ),
    )
  }
}

function answerTo(request: SipRequest, status: number, reason: string, lines: Lines = [], body = ''): string {
  const copied = ['via', 'from', 'to', 'call-id', 'cseq'].flatMap((name) =>
    request.headers.all(name).map((value) => `${name}: ${value}`),
  )
  return sipMessage(`SIP/2.0 ${status} ${reason}`, [...copied, ...lines], body)
}

/** Whether it begins as a SIP message does; RTP does not. */
function isText(data: Buffer): boolean {
  return /^[A-Z]/.test(data.toString('latin1', 0, 1))
}

/** The server answers in real time; one that does not within 5 s fails the test. */
async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = systemClock.after(5_000, () => reject(new Error(what)))
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    timer?.cancel()
  }
}
