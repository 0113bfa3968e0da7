import type { SipMessage } from './message.ts'
import { type NameAddr, parseNameAddr } from './name-addr.ts'
import { SipError } from './sip-error.ts'

/** Longer than any line of addresses that is meant seriously. */
const MOST_CHARACTERS = 8_192

/**
 * The addresses of a header that only tells something, `most` of them: a line that cannot be read tells nothing, and the call
 * goes on without it.
 */
export function readableAddresses(message: SipMessage, name: string, most: number): NameAddr[] {
  const lines = message.headers.all(name)
  if (lines.reduce((sum, line) => sum + line.length, 0) > MOST_CHARACTERS) return []
  return (
    readable(() => message.headers.list(name).slice(0, most))?.flatMap((value) => {
      const address = readable(() => parseNameAddr(value, name))
      return address ? [address] : []
    }) ?? []
  )
}

/** What a reader gives; `undefined` where it throws a `SipError`. */
export function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof SipError) return undefined
    throw error
  }
}
