import { isToken, wholeNumber } from './characters.ts'
import { type Headers, usualSpelling } from './headers.ts'
import { type NameAddr, parseNameAddr } from './name-addr.ts'
import { malformed, parseHeaderParameters, writeHeaderParameters } from './parameters.ts'
import { SipError } from './sip-error.ts'
import { parseUri, type Uri } from './uri.ts'
import { bareHost, parseVia, type Via } from './via.ts'

export interface CSeq {
  readonly number: number
  readonly method: string
}

/** A Content-Type or Accept value: lower-case `type/subtype`, and parameters. */
export interface MediaType {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/** What requests and responses share. A header is parsed when somebody asks for it, and once. Getters throw `SipError`. */
abstract class Message {
  readonly headers: Headers
  readonly body: Buffer
  #vias: readonly Via[] | undefined
  #topVia: Via | undefined
  #from: NameAddr | undefined
  #to: NameAddr | undefined
  #cseq: CSeq | undefined
  #contacts: readonly NameAddr[] | undefined

  constructor(headers: Headers, body: Buffer) {
    this.headers = headers
    this.body = body
  }

  /** Every Via value, ours or the nearest hop's first. */
  get vias(): readonly Via[] {
    this.#vias ??= this.headers.list('via').map(parseVia)
    return this.#vias
  }

  get topVia(): Via {
    this.#topVia ??= this.#vias?.[0] ?? parseVia(firstOfList(this.#need('via')))
    return this.#topVia
  }

  get from(): NameAddr {
    this.#from ??= parseNameAddr(this.#need('from'), 'From')
    return this.#from
  }

  get to(): NameAddr {
    this.#to ??= parseNameAddr(this.#need('to'), 'To')
    return this.#to
  }

  /** `''` where there is none (RFC 2543). */
  get fromTag(): string {
    return this.from.parameters.get('tag') ?? ''
  }

  /** `''` outside of a dialog. */
  get toTag(): string {
    return this.to.parameters.get('tag') ?? ''
  }

  get callId(): string {
    return this.#need('call-id')
  }

  get cseq(): CSeq {
    this.#cseq ??= parseCSeq(this.#need('cseq'))
    return this.#cseq
  }

  /** Every Contact value; `*` (REGISTER) is not in here. */
  get contacts(): readonly NameAddr[] {
    this.#contacts ??= this.nameAddrs('contact')
    return this.#contacts
  }

  /** Route, Record-Route, Path, P-Asserted-Identity and other lists of addresses. `*` is left out. */
  nameAddrs(name: string): readonly NameAddr[] {
    const spelling = usualSpelling(name.toLowerCase())
    const addresses: NameAddr[] = []
    for (const value of this.headers.list(name)) if (value !== '*') addresses.push(parseNameAddr(value, spelling))
    return addresses
  }

  /** `undefined` where there is no Content-Type. */
  get contentType(): MediaType | undefined {
    const value = this.headers.get('content-type')
    return value === undefined ? undefined : parseMediaType(value, 'Content-Type')
  }

  /** The body where it is a session description, else `undefined`. */
  get sdp(): Buffer | undefined {
    return this.body.length > 0 && this.contentType?.type === 'application/sdp' ? this.body : undefined
  }

  /**
   * Notes where a request really came from (RFC 3261 §18.2.1, RFC 3581 §4): `received` in the top Via where its host is
   * another or it asked for `rport`, and `rport`. A value that the sender wrote there himself is replaced.
   */
  stampVia(address: string, port: number): void {
    const via = this.topVia
    const asked = via.parameters.has('rport')
    const differs = bareHost(via.host) !== address
    if (!asked && !differs && !via.parameters.has('received')) return
    const parameters = new Map(via.parameters)
    parameters.delete('received')
    if (asked) parameters.set('rport', String(port))
    if (asked || differs) parameters.set('received', address)
    const line = this.#need('via')
    const first = firstOfList(line)
    const semicolon = first.indexOf(';')
    const sentBy = semicolon < 0 ? first : first.slice(0, semicolon)
    const stamped = `${sentBy}${writeHeaderParameters(parameters)}`
    this.headers.replaceFirst('via', stamped + line.slice(first.length + line.indexOf(first)))
    this.#topVia = { ...via, parameters }
    this.#vias = undefined
  }

  #need(name: string): string {
    const value = this.headers.get(name)
    if (value === undefined || value === '') {
      throw new SipError('missing header', `${usualSpelling(name)} is missing`, { header: usualSpelling(name) })
    }
    return value
  }
}

export class SipRequest extends Message {
  readonly kind = 'request'
  readonly method: string
  /** The Request-URI as written. */
  readonly uriText: string
  #uri: Uri | undefined

  constructor(parts: {
    method: string
    uri: string
    headers: Headers
    body?: Buffer | undefined
  }) {
    super(parts.headers, parts.body ?? EMPTY)
    this.method = parts.method
    this.uriText = parts.uri
  }

  get uri(): Uri {
    this.#uri ??= parseUri(this.uriText)
    return this.#uri
  }

  /** Another request to the same place, without a body. */
  withMethod(method: string, headers: Headers): SipRequest {
    return new SipRequest({ method, uri: this.uriText, headers })
  }

  /** `undefined` where it is missing or out of range, which §16.3 and RFC 4475 §3.1.2.4 treat alike. */
  get maxForwards(): number | undefined {
    const value = this.headers.get('max-forwards')
    return value === undefined ? undefined : wholeNumber(value, 255)
  }
}

export class SipResponse extends Message {
  readonly kind = 'response'
  readonly status: number
  readonly reason: string
  /** Where it came from; `undefined` for one of ours. */
  receivedFrom: { readonly address: string; readonly port: number } | undefined

  constructor(parts: {
    status: number
    reason: string
    headers: Headers
    body?: Buffer | undefined
  }) {
    super(parts.headers, parts.body ?? EMPTY)
    this.status = parts.status
    this.reason = parts.reason
  }
}

export type SipMessage = SipRequest | SipResponse

const EMPTY = Buffer.alloc(0)
const MOST_CSEQ = 4_294_967_295

/** `1234 INVITE`. RFC 3261 §8.1.1.5 keeps it below 2^31, RFC 4475 accepts up to 2^32 − 1. */
function parseCSeq(text: string): CSeq {
  let at = 0
  while (at < text.length && text.charCodeAt(at) !== 32 && text.charCodeAt(at) !== 9) at++
  const number = wholeNumber(text.slice(0, at), MOST_CSEQ)
  const method = text.slice(at).trim()
  if (number === undefined || method === '') throw malformed('CSeq', 'it is no number and method')
  return { number, method }
}

export function parseMediaType(text: string, header: string): MediaType {
  const semicolon = text.indexOf(';')
  const plain = (semicolon < 0 ? text : text.slice(0, semicolon)).toLowerCase()
  const type = plain.includes(' ') || plain.includes('\t') ? plain.replace(/[ \t]/g, '') : plain
  const slash = type.indexOf('/')
  if (!isToken(type.slice(0, slash)) || !isToken(type.slice(slash + 1))) throw malformed(header, 'it is no media type')
  return { type, parameters: parseHeaderParameters(text, semicolon < 0 ? text.length : semicolon, header) }
}

/** The text before the first comma outside of quotes: cheap where, as nearly always, there is no comma at all. */
function firstOfList(text: string): string {
  if (!text.includes(',')) return text
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (quoted && code === 92) at++
    else if (code === 34) quoted = !quoted
    else if (code === 44 && !quoted) return text.slice(0, at).trim()
  }
  return text
}
