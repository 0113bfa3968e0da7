import { isToken, isWord } from './characters.ts'
import type { SipRequest } from './message.ts'
import { malformed, parseHeaderParameters } from './parameters.ts'

/** Longer than any Call-ID or tag that is meant seriously. */
const MOST_CHARACTERS = 256

/**
 * The dialog that a new call shall take the place of (RFC 3891), as the side sees it that has to find it: `to_tag` is its
 * own tag, `from_tag` that of its peer.
 */
export interface Replaces {
  readonly call_id: string
  readonly to_tag: string
  readonly from_tag: string
  /** Only while it is not answered. */
  readonly early_only: boolean
}

/** Parses a Replaces value: `call-id;to-tag=…;from-tag=…;early-only`. Throws a `SipError`. */
export function parseReplaces(text: string): Replaces {
  const semicolon = text.indexOf(';')
  const call_id = (semicolon < 0 ? text : text.slice(0, semicolon)).trim()
  const at = call_id.indexOf('@')
  const isCallId = at < 0 ? isWord(call_id) : isWord(call_id.slice(0, at)) && isWord(call_id.slice(at + 1))
  if (!isCallId) throw malformed('Replaces', 'it names no Call-ID')
  const parameters = parseHeaderParameters(text, semicolon < 0 ? text.length : semicolon, 'Replaces')
  const to_tag = parameters.get('to-tag') ?? ''
  const from_tag = parameters.get('from-tag') ?? ''
  if (!isToken(to_tag) || !isToken(from_tag)) throw malformed('Replaces', 'it needs a to-tag and a from-tag')
  if (Math.max(call_id.length, to_tag.length, from_tag.length) > MOST_CHARACTERS)
    throw malformed('Replaces', 'a part of it is too long')
  return { call_id, to_tag, from_tag, early_only: parameters.has('early-only') }
}

/**
 * What an INVITE asks to replace; `undefined` where it asks for nothing. Throws a `SipError` for more than one Replaces (§3).
 */
export function replacesOf(invite: SipRequest): Replaces | undefined {
  const lines = invite.headers.all('replaces')
  const [line] = lines
  if (line === undefined) return undefined
  if (lines.length > 1) throw malformed('Replaces', 'it stands there twice')
  return parseReplaces(line)
}
