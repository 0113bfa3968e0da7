import { type NameAddr, SipError, type SipRequest, type SipUri } from '#telecom/sip'
import type { RegisterWish, WantedContact } from './binding.ts'

export const MIN_EXPIRES_SECONDS = 60
export const MAX_EXPIRES_SECONDS = 3_600
/** More contacts in one REGISTER than anybody has are not looked at. */
const MOST_CONTACTS = 10

export type ReadRegister =
  | { ok: true; wish: RegisterWish }
  | { ok: false; status: 400 | 423; headers?: { 'Min-Expires': string } }

const no = { ok: false, status: 400 } as const

/**
 * Reads what a REGISTER wants (RFC 3261 §10.2, §10.3 steps 6 and 7). Intervals below a minute are refused (423), long
 * ones are shortened to an hour. Throws a `SipError` for malformed headers.
 */
export function readRegister(request: SipRequest): ReadRegister {
  const values = request.headers.list('contact', MOST_CONTACTS + 1)
  const general = secondsOf(request.headers.get('expires'))
  if (values.length === 0) return { ok: true, wish: { type: 'fetch' } }
  if (values.includes('*')) return values.length === 1 && general === 0 ? { ok: true, wish: { type: 'clear' } } : no
  if (values.length > MOST_CONTACTS) return no
  const contacts: WantedContact[] = []
  for (const contact of request.contacts) {
    const wanted = readContact(contact, general)
    if (!wanted) return no
    if (wanted.expiresSeconds > 0 && wanted.expiresSeconds < MIN_EXPIRES_SECONDS)
      return { ok: false, status: 423, headers: { 'Min-Expires': String(MIN_EXPIRES_SECONDS) } }
    contacts.push(wanted)
  }
  return { ok: true, wish: { type: 'set', contacts } }
}

function readContact({ uri, parameters }: NameAddr, general: number | undefined): WantedContact | undefined {
  if (uri.kind !== 'sip' || uri.text.length > 1_024) return undefined
  const expires = secondsOf(parameters.get('expires')) ?? general ?? MAX_EXPIRES_SECONDS
  const q = qOf(parameters.get('q'))
  const instance = (parameters.get('+sip.instance') ?? '').replace(/^<|>$/g, '')
  const reg_id = Number(parameters.get('reg-id') ?? 0)
  if (q === undefined || instance.length > 255 || !Number.isInteger(reg_id) || reg_id < 0 || reg_id > 2 ** 31 - 1)
    return undefined
  return {
    uri: uri.text,
    key: keyOf(uri),
    instance,
    reg_id: instance === '' ? 0 : reg_id,
    q,
    expiresSeconds: Math.min(expires, MAX_EXPIRES_SECONDS),
  }
}

/** A malformed interval counts as not given (§20.19 has it so for Expires; phones are no better in the parameter). */
function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text.trim())) return undefined
  return Math.min(Number(text.trim()), 2 ** 32 - 1)
}

function qOf(text: string | undefined): number | undefined {
  if (text === undefined) return 1_000
  if (!/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text)) return undefined
  return Math.round(Number(text) * 1_000)
}

function keyOf(uri: SipUri): string {
  const port = uri.port ?? (uri.scheme === 'sips' ? 5061 : 5060)
  return `${uri.scheme}:${uri.user}@${uri.host}:${port};${(uri.parameters.get('transport') ?? 'udp').toLowerCase()}`
}

/** The key of a URI that was stored as text. */
export function bindingKey(text: string, parse: (text: string) => { kind: string }): string {
  try {
    const uri = parse(text)
    return uri.kind === 'sip' ? keyOf(uri as SipUri) : text
  } catch (error) {
    if (error instanceof SipError) return text
    throw error
  }
}
