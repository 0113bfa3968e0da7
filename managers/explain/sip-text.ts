import type { RecordedMessage } from './call-record.ts'

/** What an account says of a message. Read without a parser, because what nobody could parse is of interest too. */
export interface SipSummary {
  /** Of a response that of its request; empty where it cannot be told. */
  method: string
  /** 0 = a request. */
  status: number
  phrase: string
  cseq: number
  sip_call_id: string
  reason: string
  has_sdp: boolean
}

const LONGEST_SHOWN = 1_000

export function summaryOf({ text }: Pick<RecordedMessage, 'text'>): SipSummary {
  const head = text.slice(0, headEnd(text))
  const start = head.slice(0, lineEnd(head))
  const response = /^SIP\/2\.0 ([1-6]\d\d) ?(.*)$/.exec(start)
  const [, number = '0', method = ''] = /^\s*(\d+)\s+(\S+)/.exec(header(head, 'cseq')) ?? []
  return {
    method: shown(response ? method : (start.split(' ')[0] ?? '')),
    status: Number(response?.[1] ?? 0),
    phrase: shown(response?.[2] ?? ''),
    cseq: Math.min(Number(number), Number.MAX_SAFE_INTEGER),
    sip_call_id: shown(header(head, 'call-id', 'i')),
    reason: shown(header(head, 'reason')),
    has_sdp: /application\/sdp/i.test(header(head, 'content-type', 'c')),
  }
}

/** Octets that were kept as characters, as the text that they are. */
export function textOf(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('utf8')
}

function header(head: string, ...names: string[]): string {
  for (const name of names) {
    const found = new RegExp(`\\r\\n${name}[ \\t]*:[ \\t]*([^\\r\\n]*)`, 'i').exec(head)
    if (found) return (found[1] ?? '').trim()
  }
  return ''
}

function headEnd(text: string): number {
  const at = text.indexOf('\r\n\r\n')
  return at < 0 ? text.length : at
}

function lineEnd(text: string): number {
  const at = text.indexOf('\r\n')
  return at < 0 ? text.length : at
}

function shown(text: string): string {
  return textOf(text).slice(0, LONGEST_SHOWN)
}
