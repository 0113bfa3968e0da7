import { apiErrors } from './errors.ts'
import type { Fault } from './fault.ts'

/** The largest body, in bytes. */
export const BODY_LIMIT = 1_048_576

/** How deep a body may be nested: far beyond what any schema asks for. */
export const DEPTH_LIMIT = 64

const JSON_TYPE = /^application\/(?:[a-z0-9.+-]+\+)?json\s*(?:;|$)/i
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a body as JSON: UTF-8 only, bounded depth, no member that could reach an object's prototype, and no text that a
 * database cannot hold. Throws `INVALID_JSON_BODY`, or `INVALID_ARGUMENT` for what is JSON but refused.
 */
export function readJson(body: Buffer, contentType: string | undefined): unknown {
  if (body.length === 0) throw apiErrors.INVALID_JSON_BODY({ field: '', issue: 'is empty' })
  if (contentType !== undefined && !JSON_TYPE.test(contentType))
    throw apiErrors.INVALID_JSON_BODY({ field: '', issue: 'must have the Content-Type application/json' })
  const value = parse(body)
  const faults: Fault[] = []
  inspect(value, '', '', 0, faults)
  if (faults.length > 0) throw apiErrors.INVALID_ARGUMENT({ faults })
  return value
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body))
  } catch (cause) {
    throw apiErrors.INVALID_JSON_BODY({ field: '', issue: 'is not valid JSON' }, { cause })
  }
}

/** Whether PostgreSQL can hold the text: no NUL, no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

const UNSTORABLE = 'must not contain the character NUL or half of a surrogate pair'

function inspect(value: unknown, field: string, pointer: string, depth: number, faults: Fault[]) {
  if (typeof value === 'string') {
    if (!isStorable(value)) faults.push({ field, pointer, issue: UNSTORABLE })
    return
  }
  if (typeof value !== 'object' || value === null) return
  if (depth === DEPTH_LIMIT)
    throw apiErrors.INVALID_ARGUMENT({ field: '', issue: `is nested deeper than ${DEPTH_LIMIT} levels` })
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const item: unknown = value[at]
      if (typeof item === 'number' || typeof item === 'boolean' || item === null) continue
      inspect(item, `${field}[${at}]`, `${pointer}/${at}`, depth + 1, faults)
    }
    return
  }
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__' || (name === 'constructor' && reachesPrototype(member)))
      throw apiErrors.INVALID_JSON_BODY({ field, pointer, issue: `must not have the member ${name}` })
    if (!isStorable(name)) faults.push({ field, pointer, issue: `has a member whose name ${UNSTORABLE}` })
    if (typeof member === 'number' || typeof member === 'boolean' || member === null) continue
    const step = name.replaceAll('~', '~0').replaceAll('/', '~1')
    inspect(member, field === '' ? name : `${field}.${name}`, `${pointer}/${step}`, depth + 1, faults)
  }
}

function reachesPrototype(member: unknown): boolean {
  return typeof member === 'object' && member !== null && Object.hasOwn(member, 'prototype')
}
