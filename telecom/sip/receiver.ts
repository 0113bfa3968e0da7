import type { BlockList } from 'node:net'
import { capabilities } from './capabilities.ts'
import type { Core } from './core.ts'
import { IncomingCall } from './dialog/incoming-call.ts'
import { OutgoingCallClient } from './dialog/outgoing-call.ts'
import { answer, RequestHandle } from './dialog/request-handle.ts'
import { minSeToRefuse } from './dialog/session-interval.ts'
import { SipDialog } from './dialog/sip-dialog.ts'
import { ownerOf } from './identity.ts'
import { type IngressRules, inspect } from './ingress.ts'
import { checkRequest, checkResponse } from './message/check.ts'
import type { SipRequest, SipResponse } from './message/message.ts'
import { FaultyRequest, parseMessage } from './message/parser.ts'
import { SipError } from './message/sip-error.ts'
import type { OpenCalls } from './open-calls.ts'
import { Refusals, reasonOf } from './refusals.ts'
import type { SipStackOptions } from './stack-options.ts'
import type { ClientTransactions } from './transaction/client-transactions.ts'
import type { ServerTransaction } from './transaction/server-transaction.ts'
import type { ServerTransactions } from './transaction/server-transactions.ts'
import type { Flow, RemoteAddress } from './transport/flow.ts'
import { trueSource } from './transport/true-source.ts'

/** What the receiver needs of the stack. */
export interface ReceiverNeeds {
  readonly core: Core & { readonly draining: boolean }
  readonly user: SipStackOptions['user']
  readonly foreignDialog: SipStackOptions['foreignDialog']
  readonly rules: IngressRules
  readonly edges: BlockList
  readonly calls: OpenCalls
  readonly clients: ClientTransactions
  readonly servers: ServerTransactions
}

/** What comes in: each message goes to its transaction, its dialog or the user, or is answered here. */
export class Receiver {
  readonly #needs: ReceiverNeeds
  readonly #core: ReceiverNeeds['core']
  readonly #refusals: Refusals

  constructor(needs: ReceiverNeeds) {
    this.#needs = needs
    this.#core = needs.core
    this.#refusals = new Refusals(needs.core)
  }

  /** A message; with `fault` the stream that it came by ends with it, and all that is left is to say so. */
  receive(data: Buffer, flow: Flow, fault?: SipError): void {
    try {
      const message = parseMessage(data, this.#core.limits)
      if (fault) {
        if (message.kind === 'request') this.#refusals.answerFault(message, flow, fault)
        else this.#refusals.drop(fault)
      } else if (message.kind === 'response') this.#response(message, flow)
      else this.#request(message, flow, data.length)
    } catch (error) {
      if (error instanceof FaultyRequest) this.#refusals.answerFault(error.request, flow, fault ?? error)
      else if (error instanceof SipError) this.#refusals.drop(error)
      else {
        this.#core.counters.handler_errors++
        this.#core.log.error({ error, remote: flow.remote }, 'a SIP message could not be handled')
      }
    }
  }

  #response(response: SipResponse, flow: Flow): void {
    this.#core.counters.responses_received++
    checkResponse(response)
    response.receivedFrom = flow.remote
    if (!this.#needs.clients.receive(response)) this.#core.counters.dropped_stray_responses++
  }

  #request(request: SipRequest, flow: Flow, bytes: number): void {
    const { counters, ids, limits } = this.#core
    counters.requests_received++
    try {
      checkRequest(request, limits.viaHops)
      request.stampVia(flow.remote.address, flow.remote.port)
    } catch (error) {
      if (!(error instanceof SipError)) throw error
      this.#refusals.answerFault(request, flow, error)
      return
    }
    if (request.method === 'ACK') {
      this.#ack(request)
      return
    }
    const known = this.#needs.servers.find(request)
    if (known) {
      counters.retransmissions_received++
      known.again()
    } else if (this.#needs.servers.isFull(bytes)) {
      counters.refused_overload++
      const headers = { 'Retry-After': String(1 + ids.integer(10)) }
      this.#refusals.answerStatelessly(request, flow, 503, { headers })
    } else this.#newRequest(request, flow, bytes)
  }

  #newRequest(request: SipRequest, flow: Flow, bytes: number): void {
    const { transaction, isMerged } = this.#needs.servers.open(request, flow, bytes)
    try {
      if (isMerged) {
        this.#core.counters.merged_requests++ // §8.2.2.2: one request over two paths
        this.#refusals.refuse(transaction, { status: 482 })
      } else if (this.#isLoop(request)) {
        this.#core.counters.loops_detected++
        this.#refusals.refuse(transaction, { status: 482 })
      } else if (request.method === 'CANCEL') this.#cancel(transaction)
      else this.#dispatch(transaction)
    } catch (error) {
      if (!transaction.answered) {
        const status = error instanceof SipError ? error.status : 500
        const reason = error instanceof SipError ? reasonOf(error) : undefined
        this.#refusals.refuse(transaction, { status, ...(reason === undefined ? {} : { reason }) })
      }
      if (!(error instanceof SipError)) throw error
    }
  }

  /**
   * §16.3: a request of ours that somebody sent back to us as it was. That it comes straight from us, which the topmost Via
   * says, is no loop: somebody calls an address of ours. Nor is one for another Request-URI: a carrier that is a proxy leads a
   * call that we sent it to a number of ours.
   */
  #isLoop(request: SipRequest): boolean {
    if (request.toTag !== '' || request.method === 'CANCEL') return false
    return request.vias.some(
      ({ branch }, at) =>
        at > 0 &&
        this.#core.identity.isOwnBranch(branch) &&
        this.#needs.clients.waiting(branch, request.method)?.uriText === request.uriText,
    )
  }

  #dispatch(transaction: ServerTransaction): void {
    const { request } = transaction
    const { rules, user } = this.#needs
    const refusal = inspect(request, rules)
    if (refusal) {
      this.#refusals.refuse(transaction, refusal)
      return
    }
    const isOutside = request.toTag === '' || rules.methods.includes(request.method)
    if (!isOutside) this.#inDialog(transaction)
    else if (request.method === 'INVITE') this.#invite(transaction)
    else if (request.method === 'OPTIONS') this.#options(transaction)
    else if (rules.methods.includes(request.method)) {
      const handle = new RequestHandle(this.#core, transaction, this.#sourceOf(transaction))
      const told = this.#core.guarded('request', () => user.request(handle))
      if (!told && !handle.answered) handle.respond(500)
    } else this.#refusals.refuse(transaction, { status: 481 }) // BYE, INFO, UPDATE without a dialog
  }

  #invite(transaction: ServerTransaction): void {
    const { core, calls, user } = this.#needs
    if (core.draining || calls.size >= core.limits.dialogs) {
      if (!core.draining) core.counters.refused_overload++
      this.#refusals.refuse(transaction, { status: 503, headers: { 'Retry-After': String(1 + core.ids.integer(10)) } })
      return
    }
    const leastSeconds = minSeToRefuse(transaction.request, core.sessionTimer)
    if (leastSeconds !== undefined) {
      this.#refusals.refuse(transaction, { status: 422, headers: { 'Min-SE': String(leastSeconds) } })
      return
    }
    const call: IncomingCall = new IncomingCall({
      core,
      transaction,
      source: this.#sourceOf(transaction),
      over: () => calls.removeIncoming(call.dialogState),
    })
    calls.addIncoming(call, call.dialogState)
    if (!core.guarded('invite', () => user.invite(call))) call.reject(500)
  }

  /** A request with a To tag: of a dialog, of a call that has none yet, or of somebody else's (§12.2.2). */
  #inDialog(transaction: ServerTransaction): void {
    const found = this.#needs.calls.find(transaction.request)
    if (found instanceof SipDialog || found instanceof OutgoingCallClient) found.receive(transaction)
    else if (found) this.#beforeAnswer(transaction, found)
    else this.#foreign(transaction)
  }

  /** §15.1.2: a BYE ends an unanswered call; other requests have to wait for the answer. */
  #beforeAnswer(transaction: ServerTransaction, call: IncomingCall): void {
    const { method } = transaction.request
    if (method === 'BYE') {
      this.#refusals.refuse(transaction, { status: 200 })
      call.cancel(transaction.request)
    } else if (method === 'OPTIONS') this.#options(transaction)
    else if (method === 'INVITE' || method === 'UPDATE') {
      const headers = { 'Retry-After': String(this.#core.ids.integer(11)) }
      this.#refusals.refuse(transaction, { status: 500, headers })
    } else this.#refusals.refuse(transaction, { status: 481 })
  }

  /** Nobody here knows the dialog. One of a dead incarnation is over for its peer too: BYE is what he expects to work. */
  #foreign(transaction: ServerTransaction): void {
    const owner = ownerOf(transaction.request.toTag)
    const { node, incarnation } = this.#core.identity.owner
    const isOurs = owner?.node === node && owner.incarnation === incarnation
    const fate = owner && !isOurs ? (this.#needs.foreignDialog?.(owner) ?? 'unknown') : 'unknown'
    const isDeadBye = fate === 'dead' && transaction.request.method === 'BYE'
    this.#refusals.refuse(transaction, { status: isDeadBye ? 200 : 481 })
  }

  #options(transaction: ServerTransaction): void {
    if (this.#core.draining) this.#refusals.refuse(transaction, { status: 503, reason: 'Draining' })
    else this.#refusals.refuse(transaction, { status: 200, headers: capabilities(this.#core) })
  }

  /** §9.2: the transaction that a CANCEL means has its branch; 200 to the CANCEL first, then 487 to the INVITE. */
  #cancel(transaction: ServerTransaction): void {
    const { request } = transaction
    const cancelled = this.#needs.servers.find(request, 'INVITE')
    if (!cancelled) {
      this.#refusals.refuse(transaction, { status: 481 })
      return
    }
    const toTag = cancelled.localTag ?? this.#core.identity.tag()
    transaction.respond(answer(this.#core, request, 200, { toTag }))
    cancelled.onCancel?.(request)
  }

  /** An ACK is never answered: it ends a refused INVITE's transaction, or belongs to a dialog's 2xx. */
  #ack(ack: SipRequest): void {
    const transaction = this.#needs.servers.find(ack, 'INVITE')
    if (transaction) {
      transaction.ack(ack)
      return
    }
    const found = this.#needs.calls.find(ack)
    if (!(found instanceof SipDialog && found.ack(ack))) this.#core.counters.dropped_stray_acks++
  }

  #sourceOf(transaction: ServerTransaction): RemoteAddress {
    return trueSource(transaction.request, transaction.flow.remote, this.#needs.edges)
  }
}
