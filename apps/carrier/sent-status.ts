import { messageIdsOf } from '#telecom/sip'

const END = '\r\n\r\n'

/** The status and Call-ID of a response to an INVITE, as it is on the wire; `undefined` for anything else. */
export function statusOfInvite(data: Buffer): { callId: string; status: number } | undefined {
  const ids = messageIdsOf(data)
  if (ids?.kind !== 'response') return undefined
  const end = data.indexOf(END)
  const head = data.toString('latin1', 0, end < 0 ? data.length : end)
  const status = /^SIP\/2\.0 (\d{3}) /.exec(head)?.[1]
  return status && /^CSeq:[ \t]*\d+[ \t]+INVITE/im.test(head)
    ? { callId: ids.call_id, status: Number(status) }
    : undefined
}
