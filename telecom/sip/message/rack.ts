import { isToken, wholeNumber } from './characters.ts'
import type { SipRequest, SipResponse } from './message.ts'
import { malformed } from './parameters.ts'
import { SipError } from './sip-error.ts'

const MOST_RSEQ = 4_294_967_295

/** Which reliable provisional response a PRACK means (RFC 3262 §7.2). */
export interface Rack {
  readonly rseq: number
  readonly cseq: number
  readonly method: string
}

/** The RAck of a PRACK. Throws a `SipError` where there is not exactly one that can be read. */
export function rackOf(prack: SipRequest): Rack {
  const [line, ...more] = prack.headers.all('rack')
  if (line === undefined) throw new SipError('missing header', 'RAck is missing', { header: 'RAck' })
  if (more.length > 0) throw new SipError('repeated header', 'RAck stands there twice', { header: 'RAck' })
  const [rseqText = '', cseqText = '', method = '', ...rest] = line.trim().split(/[ \t]+/)
  const rseq = wholeNumber(rseqText, MOST_RSEQ)
  const cseq = wholeNumber(cseqText, MOST_RSEQ)
  if (rseq === undefined || cseq === undefined || !isToken(method) || rest.length > 0)
    throw malformed('RAck', 'it is not two numbers and a method')
  return { rseq, cseq, method }
}

/** The RSeq of a provisional response that wants a PRACK; `undefined` where it wants none, or its RSeq cannot be read. */
export function rseqOf(response: SipResponse): number | undefined {
  if (response.status <= 100 || response.status > 199) return undefined
  if (!response.headers.list('require').includes('100rel')) return undefined
  const [line = '', ...more] = response.headers.all('rseq')
  const rseq = more.length === 0 ? wholeNumber(line.trim(), MOST_RSEQ) : undefined
  return rseq === 0 ? undefined : rseq
}
