import type { JWTPayload } from 'jose'
import { isUuid } from '#platform/ids'

/** One kind of token: how its claims are written, how they are read, and how long they hold. */
export interface TokenKind<Claims> {
  seconds: number
  payload(claims: Claims): JWTPayload
  /** The claims of a payload of this kind, whose signature and times have been checked; `undefined` where one is not right. */
  read(payload: JWTPayload): Claims | undefined
}

/** The member of this name where it is a text. */
export function textOf(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name)
  return typeof member === 'string' ? member : undefined
}

/** The member of this name where it is a UUID. */
export function idOf(value: unknown, name: string): string | undefined {
  const text = textOf(value, name)
  return text !== undefined && isUuid(text) ? text : undefined
}

export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
