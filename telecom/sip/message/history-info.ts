import { wholeNumber } from './characters.ts'
import { readableAddresses } from './lenient-list.ts'
import type { SipMessage } from './message.ts'
import type { SipUri, Uri } from './uri.ts'

const MOST_ENTRIES = 32
const MOST_HEADERS = 16
/** How deep an index goes; further forks are not told apart. */
const MOST_LEVELS = 16

/** One station of a request on its way (RFC 7044 §5). */
export interface HistoryEntry {
  /** Without the headers that stood in it. */
  readonly uri: Uri
  readonly displayName: string
  /** `1.2.1` as numbers; empty where it is missing or none. */
  readonly index: readonly number[]
  /** How it was come by (`rc`, `mp`, `np`), and from which index; `undefined` where that is not said. */
  readonly cause: { readonly kind: 'rc' | 'mp' | 'np'; readonly from: string } | undefined
  /** The Reason (RFC 3326) that the request was sent on for, e.g. `SIP;cause=486`; `undefined` where none is said. */
  readonly reason: string | undefined
  /** Whether it is to be withheld from others (Privacy: history). */
  readonly withheld: boolean
}

/** History-Info in the order in which it is written, the oldest first; what cannot be read of it is not there. */
export function historyOf(message: SipMessage): HistoryEntry[] {
  return readableAddresses(message, 'history-info', MOST_ENTRIES).map(({ uri, displayName, parameters }) => {
    const headers = uri.kind === 'sip' ? headersOf(uri) : new Map<string, string>()
    const kind = (['rc', 'mp', 'np'] as const).find((one) => parameters.has(one))
    return {
      uri,
      displayName,
      index: indexOf(parameters.get('index') ?? ''),
      cause: kind && { kind, from: parameters.get(kind) ?? '' },
      reason: headers.get('reason'),
      withheld: headers.get('privacy')?.toLowerCase().split(';').includes('history') ?? false,
    }
  })
}

function indexOf(text: string): number[] {
  const levels = text.split('.', MOST_LEVELS).map((level) => wholeNumber(level, 999))
  return levels.every((level) => level !== undefined) ? levels : []
}

/** The headers in a URI by lower-case name, unescaped; those that are none are left out. */
function headersOf({ headers }: SipUri): Map<string, string> {
  const found = new Map<string, string>()
  for (const header of headers.split('&', MOST_HEADERS)) {
    const equals = header.indexOf('=')
    if (equals < 1) continue
    try {
      found.set(decodeURIComponent(header.slice(0, equals)).toLowerCase(), decodeURIComponent(header.slice(equals + 1)))
    } catch {
      // an escape that is none
    }
  }
  return found
}
