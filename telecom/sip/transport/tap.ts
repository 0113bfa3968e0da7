import type { RemoteAddress, TransportName } from './flow.ts'

/**
 * Hears every SIP message as it is on the wire: what came (before it is parsed) and what is sent, repetitions included.
 * It must be quick, must not throw and must not keep a buffer that came; one that was sent never changes.
 */
export type SipTap = (
  direction: 'in' | 'out',
  data: Buffer,
  transport: TransportName,
  local: RemoteAddress,
  remote: RemoteAddress,
) => void

const CALL_ID = spellings('Call-ID', 'call-id', 'Call-Id', 'i')
const FROM = spellings('From', 'from', 'f')
const TO = spellings('To', 'to', 't')
const END = Buffer.from('\r\n\r\n')
const RESPONSE = Buffer.from('SIP/')
const LONGEST_ID = 255
const LONGEST_ADDRESS = 2_048

/** Which dialog a message belongs to, as its sender says. A tag that is not there is empty. */
export interface MessageIds {
  call_id: string
  from_tag: string
  to_tag: string
  kind: 'request' | 'response'
}

/**
 * The identifiers of a message that was not parsed, at the cost of a few searches; `undefined` where its Call-ID is not to be
 * found so (other spellings than the usual ones, or folded).
 */
export function messageIdsOf(data: Buffer): MessageIds | undefined {
  const end = data.indexOf(END)
  const head = end < 0 ? data : data.subarray(0, end + 2)
  const call_id = headerOf(head, CALL_ID, LONGEST_ID)
  if (!call_id) return undefined
  return {
    call_id,
    from_tag: tagOf(headerOf(head, FROM, LONGEST_ADDRESS)),
    to_tag: tagOf(headerOf(head, TO, LONGEST_ADDRESS)),
    kind: head.compare(RESPONSE, 0, RESPONSE.length, 0, RESPONSE.length) === 0 ? 'response' : 'request',
  }
}

function spellings(...names: string[]): Buffer[] {
  return names.map((name) => Buffer.from(`\r\n${name}:`))
}

function headerOf(head: Buffer, names: readonly Buffer[], longest: number): string {
  for (const name of names) {
    const at = head.indexOf(name)
    if (at < 0) continue
    const from = at + name.length
    const to = head.indexOf(13, from)
    return to < 0 || to - from > longest ? '' : head.toString('latin1', from, to).trim()
  }
  return ''
}

/** Parameters of the header stand after the address: behind its `>`, or where it has none behind the first semicolon. */
function tagOf(address: string): string {
  const parameters = address.slice(address.lastIndexOf('>') + 1)
  return /;[ \t]*tag[ \t]*=[ \t]*([^;,\s]{1,255})/i.exec(parameters)?.[1] ?? ''
}
