import ipaddr from 'ipaddr.js'
import { LOG_LEVELS, type LogLevel } from '#platform/log'
import type { Placement } from '#telecom/media'

/**
 * How the text of a setting becomes a value. Each reader takes what it can use, and throws a `BadSetting` that says what it
 * takes; none repeats what was set, for it may be a secret.
 */

/** A value that a setting does not take; the message says what it takes. */
export class BadSetting extends Error {}

/** Any text. */
export function text(value: string): string {
  return value
}

/** A whole number between two others, both taken. */
export function whole(value: string, least: number, most: number): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < least || number > most)
    throw new BadSetting(`takes a whole number from ${least} to ${most}`)
  return number
}

/** How often in a second, to a thousandth. */
export function rate(value: string): number {
  const number = Number(value)
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(value)) throw new BadSetting('takes a number such as 17 or 8.3')
  return number
}

/** A key of 32 bytes in base64. */
export function key(value: string): Uint8Array {
  const bytes = Buffer.from(value, 'base64')
  if (!/^[A-Za-z0-9+/]{43}=?$/.test(value) || bytes.length !== 32) throw new BadSetting('takes 32 bytes in base64')
  return bytes
}

/** The name of a header, in lower case. */
export function headerName(value: string): string {
  if (!/^[A-Za-z0-9-]{1,100}$/.test(value)) throw new BadSetting('takes the name of a header')
  return value.toLowerCase()
}

/** Two ports and all between them. */
export function portRange(value: string): { first: number; last: number } {
  const [first = Number.NaN, last = Number.NaN] = value.split('-').map(Number)
  const fits = /^\d+-\d+$/.test(value) && first >= 1024 && last <= 65_535 && last - first >= 3
  if (!fits) throw new BadSetting('takes two ports between 1024 and 65535, at least 4 apart, as in 20000-30000')
  return { first, last }
}

/** An address of IPv4 or IPv6. */
export function address(value: string): string {
  if (!ipaddr.isValid(value)) throw new BadSetting('takes an IPv4 or IPv6 address')
  return value
}

/** A domain name. */
export function domain(value: string): string {
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
  if (value.length > 200 || !new RegExp(`^${label}(\\.${label})*$`).test(value))
    throw new BadSetting('takes a domain name in lower case')
  return value
}

/** Where a PostgreSQL is. */
export function postgresUrl(value: string): string {
  if (!URL.canParse(value) || !/^postgres(ql)?:$/.test(new URL(value).protocol))
    throw new BadSetting('takes a URL as in postgres://user:password@host/database')
  return value
}

/** How legs share threads. */
export function placement(value: string): Placement {
  if (value !== 'together' && value !== 'apart') throw new BadSetting('takes together or apart')
  return value
}

/** A password that is not too short. */
export function password(value: string): string {
  if (value.length < 8) throw new BadSetting('takes at least 8 characters')
  return value
}

/** Addresses and networks, separated by commas. */
export function networks(value: string): readonly string[] {
  return value.split(',').map((network) => {
    const trimmed = network.trim()
    if (!ipaddr.isValid(trimmed) && !ipaddr.isValidCIDR(trimmed))
      throw new BadSetting('takes addresses or networks separated by commas, as in 127.0.0.0/8,::1')
    return trimmed
  })
}

/** How much is logged. */
export function logLevel(value: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === value)
  if (!level) throw new BadSetting(`takes one of ${LOG_LEVELS.join(', ')}`)
  return level
}

/** `value` where it could be read; else what the setting takes. */
export function known<T>(value: T | undefined, takes: string): T {
  if (value === undefined) throw new BadSetting(takes)
  return value
}

export function onOff(value: string): boolean {
  if (value !== 'on' && value !== 'off') throw new BadSetting('takes on or off')
  return value === 'on'
}
