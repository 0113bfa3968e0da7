import { hasLineBreak, isToken } from './characters.ts'
import { splitList } from './parameters.ts'
import { SipError } from './sip-error.ts'

/** Headers as they are handed in: a value, or one line per value. Names in any case, compact or long. */
export type HeaderInput = Readonly<Record<string, string | readonly string[] | undefined>>

/** Compact forms (RFC 3261 §7.3.3 and the IANA registry), to lower-case long names. */
const COMPACT: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
}

/** The usual spelling where it is not simply each word with a capital. */
const SPELLING: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'mime-version': 'MIME-Version',
  'www-authenticate': 'WWW-Authenticate',
  'sip-etag': 'SIP-ETag',
  'sip-if-match': 'SIP-If-Match',
  'min-se': 'Min-SE',
  rack: 'RAck',
  rseq: 'RSeq',
}

const canonicalNames = new Map<string, string>()
for (const name of [
  'Via From To Call-ID CSeq Max-Forwards Contact Content-Type Content-Length Allow Supported User-Agent Expires',
  'Authorization Route Record-Route Accept Server Date Require Proxy-Require Subject Allow-Events Event Session-Expires',
  'Min-SE P-Asserted-Identity Remote-Party-ID Privacy Proxy-Authorization Organization Reason',
].flatMap((line) => line.split(' '))) {
  canonicalNames.set(name, name.toLowerCase())
  canonicalNames.set(name.toLowerCase(), name.toLowerCase())
}
for (const [compact, long] of Object.entries(COMPACT)) {
  canonicalNames.set(compact, long)
  canonicalNames.set(compact.toUpperCase(), long)
}

/** The canonical form of a name in one of its usual spellings; `undefined` for all others. */
export function knownName(name: string): string | undefined {
  return canonicalNames.get(name)
}

/** A header name in lower case and long form. */
export function canonicalName(name: string): string {
  const known = canonicalNames.get(name)
  if (known !== undefined) return known
  const lower = name.toLowerCase()
  return COMPACT[lower] ?? lower
}

/** Headers that identify transaction and dialog. */
const OWN: ReadonlySet<string> = new Set(['via', 'from', 'to', 'call-id', 'cseq', 'content-length', 'record-route'])
/** Headers that the stack writes unless it is told otherwise. */
const REPLACED: ReadonlySet<string> = new Set([
  'max-forwards',
  'contact',
  'allow',
  'supported',
  'accept',
  'user-agent',
  'server',
])

const spellings = new Map<string, string>()

/** A canonical name as it is usually written: `call-id` → `Call-ID`. */
export function usualSpelling(name: string): string {
  const known = spellings.get(name)
  if (known !== undefined) return known
  const spelling = SPELLING[name] ?? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
  if (spellings.size < 200) spellings.set(name, spelling)
  return spelling
}

/**
 * The headers of one message in their order, as unfolded text: nothing is parsed before somebody asks. Names are in
 * lower case and long form everywhere inside.
 */
export class Headers {
  readonly #names: string[]
  readonly #values: string[]
  #foreign: ReadonlySet<string> | undefined

  /** `names` must be canonical; both arrays are taken over, not copied. `foreign`: see there. */
  constructor(names: string[] = [], values: string[] = [], foreign?: ReadonlySet<string>) {
    this.#names = names
    this.#values = values
    this.#foreign = foreign
  }

  /**
   * Texts that came as bytes which are no UTF-8 (older phones write ISO 8859-1): they go back as the same bytes. Everything else
   * is written in UTF-8 (RFC 3261 §7.3.1, §25.1). `undefined` where there are none, as nearly always.
   */
  get foreign(): ReadonlySet<string> | undefined {
    return this.#foreign
  }

  get size(): number {
    return this.#names.length
  }

  /** The first value of this name, as written. */
  get(name: string): string | undefined {
    const at = this.#names.indexOf(canonicalName(name))
    return at < 0 ? undefined : this.#values[at]
  }

  has(name: string): boolean {
    return this.#names.includes(canonicalName(name))
  }

  /** How many lines have this name. */
  count(name: string): number {
    const wanted = canonicalName(name)
    let count = 0
    for (const other of this.#names) if (other === wanted) count++
    return count
  }

  /** The first of these names (canonical) that more than one line has; `undefined` where each stands once at most. */
  repeated(single: readonly string[]): string | undefined {
    let seen = 0
    for (const name of this.#names) {
      const at = single.indexOf(name)
      if (at < 0) continue
      if ((seen & (1 << at)) !== 0) return name
      seen |= 1 << at
    }
    return undefined
  }

  /** Every line of this name, as written (not split at commas). */
  all(name: string): string[] {
    const wanted = canonicalName(name)
    const found: string[] = []
    for (let at = 0; at < this.#names.length; at++) {
      const value = this.#values[at]
      if (this.#names[at] === wanted && value !== undefined) found.push(value)
    }
    return found
  }

  /** Every value of a header that is a comma list (Via, Contact, Route, Allow, Supported …). Throws a `SipError`. */
  list(name: string, most = Number.POSITIVE_INFINITY): string[] {
    const wanted = canonicalName(name)
    const values: string[] = []
    for (let at = 0; at < this.#names.length; at++) {
      if (this.#names[at] !== wanted) continue
      const line = this.#values[at] ?? ''
      if (line === '') continue
      if (!line.includes(',') && values.length < most) values.push(line)
      else for (const value of splitList(line, usualSpelling(wanted), most - values.length)) values.push(value)
    }
    return values
  }

  /** Adds a line behind the others. Throws a `SipError` where it would break the message. */
  append(name: string, value: string): void {
    refuseInjection(name, value)
    this.#names.push(canonicalName(name))
    this.#values.push(value)
  }

  /** Adds a line before the others. */
  prepend(name: string, value: string): void {
    refuseInjection(name, value)
    this.#names.unshift(canonicalName(name))
    this.#values.unshift(value)
  }

  /** Replaces every line of this name by one. */
  set(name: string, value: string): void {
    refuseInjection(name, value)
    const wanted = canonicalName(name)
    const first = this.#names.indexOf(wanted)
    if (first < 0) {
      this.append(name, value)
      return
    }
    this.#values[first] = value
    for (let at = this.#names.length - 1; at > first; at--) if (this.#names[at] === wanted) this.#cut(at)
  }

  /** Puts another value into the first line of this name, the others stay. */
  replaceFirst(name: string, value: string): void {
    refuseInjection(name, value)
    const first = this.#names.indexOf(canonicalName(name))
    if (first < 0) return
    if (this.#foreign?.has(this.#values[first] ?? '')) this.#foreign = new Set([...this.#foreign, value])
    this.#values[first] = value
  }

  delete(name: string): void {
    const wanted = canonicalName(name)
    for (let at = this.#names.length - 1; at >= 0; at--) if (this.#names[at] === wanted) this.#cut(at)
  }

  /** Adds what is handed in; a list of values becomes a line each. */
  appendAll(input: HeaderInput | undefined): void {
    if (!input) return
    for (const [name, value] of Object.entries(input)) {
      if (typeof value === 'string') this.append(name, value)
      else if (value) for (const one of value) this.append(name, one)
    }
  }

  /**
   * Adds headers that a user of the stack hands in. Those that the stack itself writes are refused by a `SipError`; a
   * header that stands there already and may stand only once is replaced.
   */
  appendExtra(input: HeaderInput | undefined): void {
    if (!input) return
    for (const name of Object.keys(input)) {
      const canonical = canonicalName(name)
      if (OWN.has(canonical)) throw new SipError('repeated header', `${name} is written by the stack`, { header: name })
      if (REPLACED.has(canonical) && input[name] !== undefined) this.delete(canonical)
    }
    this.appendAll(input)
  }

  /** A copy of the lines of these names, in their order. */
  pick(names: readonly string[]): Headers {
    const picked = new Headers([], [], this.#foreign)
    for (let at = 0; at < this.#names.length; at++) {
      const name = this.#names[at] ?? ''
      if (!names.includes(name)) continue
      picked.#names.push(name)
      picked.#values.push(this.#values[at] ?? '')
    }
    return picked
  }

  /** Canonical name and value of each line, in order. */
  *entries(): IterableIterator<readonly [string, string]> {
    for (let at = 0; at < this.#names.length; at++) yield [this.#names[at] ?? '', this.#values[at] ?? '']
  }

  clone(): Headers {
    return new Headers([...this.#names], [...this.#values], this.#foreign)
  }

  /** All lines but those of `without`, with their usual spelling, each ended by CRLF. */
  write(without?: string): string {
    let text = ''
    for (let at = 0; at < this.#names.length; at++) {
      if (this.#names[at] === without) continue
      text += `${usualSpelling(this.#names[at] ?? '')}: ${this.#values[at]}\r\n`
    }
    return text
  }

  /** The same as bytes, where some of it is `foreign`. */
  writeBytes(without?: string): Buffer {
    const lines: Buffer[] = []
    for (let at = 0; at < this.#names.length; at++) {
      if (this.#names[at] === without) continue
      const value = this.#values[at] ?? ''
      const encoding = this.#foreign?.has(value) ? 'latin1' : 'utf8'
      lines.push(Buffer.from(`${usualSpelling(this.#names[at] ?? '')}: `), Buffer.from(`${value}\r\n`, encoding))
    }
    return Buffer.concat(lines)
  }

  #cut(at: number): void {
    this.#names.splice(at, 1)
    this.#values.splice(at, 1)
  }
}

function refuseInjection(name: string, value: string): void {
  if (!isToken(name)) throw new SipError('forbidden characters', 'a header has no proper name')
  if (hasLineBreak(value)) {
    throw new SipError('forbidden characters', `${name}: a value holds CR, LF or NUL`, { header: name })
  }
}
