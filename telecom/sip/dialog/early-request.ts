import { capabilities } from '../capabilities.ts'
import type { Core } from '../core.ts'
import type { ServerTransaction } from '../transaction/server-transaction.ts'
import type { DialogUser } from '../transaction-user.ts'
import { answer, RequestHandle } from './request-handle.ts'

/**
 * Answers a request of the peer in a dialog that our INVITE has not made yet. Our offer is open, so there is no place for
 * one of his (RFC 3261 §14.2, RFC 3311 §5.2); a reliable provisional response was none of ours to acknowledge (RFC 3262 §3).
 * A BYE he must not send (§15), but what he wants is clear: true comes back, and his fork is over.
 */
export function answerEarly(
  core: Core,
  transaction: ServerTransaction,
  dialog: { readonly user: DialogUser; readonly contact: string },
): boolean {
  const { request, flow } = transaction
  const respond = (status: number, defaults?: Parameters<typeof answer>[3]) =>
    transaction.respond(answer(core, request, status, defaults))
  switch (request.method) {
    case 'BYE':
      respond(200)
      return true
    case 'INVITE':
      respond(491)
      break
    case 'UPDATE':
      if (request.sdp) respond(491)
      else respond(200, { defaults: { ...capabilities(core), Contact: `<${dialog.contact}>` } })
      break
    case 'OPTIONS':
      respond(200, { defaults: capabilities(core) })
      break
    case 'PRACK':
      respond(481)
      break
    default: {
      const handle = new RequestHandle(core, transaction, flow.remote)
      const run = request.method === 'INFO' ? () => dialog.user.info(handle) : () => dialog.user.other(handle)
      if (!core.guarded('early dialog', run) && !handle.answered) handle.respond(500)
    }
  }
  return false
}
