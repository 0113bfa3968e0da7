import type { SipRequest } from '../message/message.ts'

/** What a branch of RFC 3261 begins with; without it, or with nothing behind it, the rules of RFC 2543 identify. */
const COOKIE = 'z9hG4bK'

/**
 * Identifies a server transaction (§17.2.3). An ACK is matched with its INVITE and a CANCEL with what it cancels by
 * giving their method. Call-ID, From tag and CSeq, which those three share, are compared as well: a sender whose branches
 * are not unique never gets the answer to another request.
 */
export function serverKey(request: SipRequest, method: string): string {
  const via = request.topVia
  const { callId, fromTag, cseq, uriText } = request
  const rest = joined(via.branch, `${via.host}:${via.port ?? ''}`, callId, fromTag, cseq.number, method)
  // RFC 2543: the To tag of an ACK is ours, that of its INVITE is not there yet: it is left out
  return via.branch.length > COOKIE.length && via.branch.startsWith(COOKIE) ? rest : joined(uriText, rest)
}

/** Identifies a client transaction (§17.1.3). */
export function clientKey(branch: string, method: string): string {
  return `${branch}|${method}`
}

/** Identifies a request whichever way it came (§8.2.2.2): the same one over another path is a merged request. */
export function mergeKey(request: SipRequest): string {
  return joined(request.callId, request.fromTag, request.cseq.number, request.method)
}

/** A text of its own: one out of a template holds on to the message that its parts were cut from, as long as the key is kept. */
function joined(...parts: readonly (string | number)[]): string {
  return parts.join('|')
}
