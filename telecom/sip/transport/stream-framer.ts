import { isTokenCode } from '../message/characters.ts'
import { SipError } from '../message/sip-error.ts'

/** What a stream may make us keep. */
export interface FramerLimits {
  /** Bytes of start line and headers. */
  readonly streamHeadBytes: number
  /** Bytes of one message. */
  readonly messageBytes: number
}

/** What came out of a stream. */
export type Frame =
  /** One whole message. */
  | { readonly type: 'message'; readonly data: Buffer }
  /** Two empty lines where a message could begin (RFC 5626 §3.5.1): one empty line is the answer. */
  | { readonly type: 'ping' }
  /**
   * The stream cannot be followed any more. `data` is the head of the message at fault where there is one, so that its
   * sender can be told.
   */
  | { readonly type: 'fault'; readonly fault: SipError; readonly data: Buffer | undefined }

/**
 * Cuts a stream into messages (RFC 3261 §18.3): the head up to its empty line, then as many bytes as Content-Length says.
 * It keeps at most one message that is not whole yet. After a fault it takes nothing more.
 */
export class StreamFramer {
  readonly #limits: FramerLimits
  #buffer: Buffer = EMPTY
  /** Bytes of `#buffer` that are filled. */
  #filled = 0
  /** Up to where the present head has been searched for its end. */
  #searched = 0
  /** Where the present message ends; 0 = its head is not whole yet. */
  #end = 0
  #startLineSeen = false
  /** Empty lines in a row where a message could begin. */
  #emptyLines = 0
  #broken = false

  constructor(limits: FramerLimits) {
    this.#limits = limits
  }

  /** Whether a message has begun and is not whole. */
  get partial(): boolean {
    return this.#filled > 0
  }

  /** Takes the bytes that came and gives what became whole by them, in order. */
  push(chunk: Buffer): Frame[] {
    if (this.#broken) return []
    const frames: Frame[] = []
    this.#append(chunk)
    for (let frame = this.#next(frames); frame !== undefined; frame = this.#next(frames)) {
      frames.push(frame)
      if (frame.type === 'fault') {
        this.#broken = true
        this.#drop(this.#filled)
        break
      }
    }
    return frames
  }

  /** The next message or fault; `undefined` where more bytes are needed. Pings go to `frames` as they are met. */
  #next(frames: Frame[]): Frame | undefined {
    if (this.#end === 0) {
      if (!this.#startLineSeen) this.#skipEmptyLines(frames)
      if (this.#filled === 0) return undefined
      const fault = this.#readHead()
      if (fault) return fault
      if (this.#end === 0) return undefined
    }
    if (this.#filled < this.#end) return undefined
    // a copy: what is kept of it must not keep the whole segment
    const data = Buffer.from(this.#buffer.subarray(0, this.#end))
    this.#drop(this.#end)
    return { type: 'message', data }
  }

  /** §7.5: empty lines before a start line are ignored; two in a row are a ping. */
  #skipEmptyLines(frames: Frame[]): void {
    let at = 0
    while (at < this.#filled && (this.#buffer[at] === CR || this.#buffer[at] === LF)) {
      if (this.#buffer[at] === LF && ++this.#emptyLines === 2) {
        frames.push({ type: 'ping' })
        this.#emptyLines = 0
      }
      at++
    }
    if (at < this.#filled) this.#emptyLines = 0
    if (at > 0) this.#drop(at)
  }

  /** Looks for the end of the head, and in it for the length of the body. */
  #readHead(): Frame | undefined {
    if (!this.#startLineSeen) {
      const fault = this.#readStartLine()
      if (fault || !this.#startLineSeen) return fault
    }
    const bytes = this.#buffer.subarray(0, this.#filled)
    const headEnd = endOfHead(bytes, Math.max(0, this.#searched - 2))
    this.#searched = this.#filled
    const tooLong = (headEnd < 0 ? bytes.length : headEnd) > this.#limits.streamHeadBytes
    if (tooLong) return { type: 'fault', fault: tooLarge('the head of the message is too large'), data: undefined }
    if (headEnd < 0) return undefined
    const length = contentLength(bytes.toString('latin1', 0, headEnd))
    if (typeof length !== 'number')
      return { type: 'fault', fault: length, data: Buffer.from(bytes.subarray(0, headEnd)) }
    if (headEnd + length > this.#limits.messageBytes) {
      const fault = tooLarge('the message is too large')
      return { type: 'fault', fault, data: Buffer.from(bytes.subarray(0, headEnd)) }
    }
    this.#end = headEnd + length
    return undefined
  }

  /** What does not begin like SIP (another protocol, a TLS handshake) is known as soon as its first line has come. */
  #readStartLine(): Frame | undefined {
    const lineEnd = this.#buffer.subarray(0, this.#filled).indexOf(LF, Math.max(0, this.#searched - 1))
    this.#searched = this.#filled
    const length = lineEnd < 0 ? this.#filled : lineEnd
    const isText = isTokenCode(this.#buffer[0] ?? 0)
    const isLate = length > this.#limits.streamHeadBytes
    if (isText && !isLate && lineEnd < 0) return undefined
    if (!isText || isLate || !STARTS_LIKE_SIP.test(this.#buffer.toString('latin1', 0, length))) {
      return { type: 'fault', fault: new SipError('not sip', 'it is no SIP message'), data: undefined }
    }
    this.#startLineSeen = true
    this.#searched = 0
    return undefined
  }

  #append(chunk: Buffer): void {
    const needed = this.#filled + chunk.length
    if (this.#filled === 0) this.#buffer = chunk
    else {
      if (this.#buffer.length < needed) {
        const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * this.#buffer.length, 2 * MOST_SPARE)))
        this.#buffer.copy(grown, 0, 0, this.#filled)
        this.#buffer = grown
      }
      chunk.copy(this.#buffer, this.#filled)
    }
    this.#filled = needed
  }

  /** Forgets the first `count` bytes and with them what is known of the present message. */
  #drop(count: number): void {
    this.#buffer = this.#filled === count ? EMPTY : this.#buffer.subarray(count)
    this.#filled -= count
    this.#searched = 0
    this.#end = 0
    this.#startLineSeen = false
  }
}

const CR = 13
const LF = 10
const EMPTY = Buffer.alloc(0)
const MOST_SPARE = 65_536

const STARTS_LIKE_SIP = /^SIP\/\d|[ \t]SIP\/\d+\.\d+[ \t]*\r?$/i

/** Behind the first empty line, as the parser sees it; -1 where there is none yet. */
function endOfHead(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  }
  return -1
}

/** Content-Length lines in either form, folded ones with what follows. */
const LENGTH_LINE = /^(?:content-length|l)[ \t]*:(.*(?:\r?\n[ \t].*)*)/gim

/** The length of the body; over a stream it must be there (§18.3), once and as a number. */
function contentLength(head: string): number | SipError {
  const values = [...head.matchAll(LENGTH_LINE)].map((match) => (match[1] ?? '').trim())
  const [value] = values
  if (value === undefined) {
    return new SipError('missing header', 'Content-Length is missing', { header: 'Content-Length' })
  }
  if (values.length > 1 || !/^\d{1,15}$/.test(value)) {
    return new SipError('malformed header', 'Content-Length is not one whole number', { header: 'Content-Length' })
  }
  return Number(value)
}

function tooLarge(what: string): SipError {
  return new SipError('too large', what)
}
