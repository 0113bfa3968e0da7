import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import { capabilities } from './capabilities.ts'
import type { AbandonableTransaction, Core, InviteHandlers } from './core.ts'
import { type Counters, newCounters } from './counters.ts'
import { dialogRequest } from './dialog/dialog-request.ts'
import { type DialogState, dialogKey } from './dialog/dialog-state.ts'
import { IncomingCall } from './dialog/incoming-call.ts'
import { NextHops } from './dialog/next-hops.ts'
import { OutgoingCallClient } from './dialog/outgoing-call.ts'
import { answer, RequestHandle } from './dialog/request-handle.ts'
import type { SipDialog } from './dialog/sip-dialog.ts'
import { Identity, ownerOf } from './identity.ts'
import { type IngressRules, inspect, type Refusal } from './ingress.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import { checkRequest, checkResponse } from './message/check.ts'
import type { HeaderInput } from './message/headers.ts'
import type { SipRequest, SipResponse } from './message/message.ts'
import { FaultyRequest, parseMessage } from './message/parser.ts'
import { serialise } from './message/serialise.ts'
import { SipError } from './message/sip-error.ts'
import { parseUri } from './message/uri.ts'
import type { Via } from './message/via.ts'
import { buildRequest, requestVia } from './outgoing.ts'
import type { ListenerInfo, SipStackDoor, SipStackOptions } from './stack-options.ts'
import { type Timers, timersOf } from './timers.ts'
import { SentRequest } from './transaction/client-transaction.ts'
import { clientKey, mergeKey, serverKey } from './transaction/key.ts'
import { ServerTransaction } from './transaction/server-transaction.ts'
import type {
  ClientHandlers,
  ClientTransaction,
  Dialog,
  OutgoingCall,
  OutgoingCallUser,
  OutgoingInvite,
  OutgoingRequest,
} from './transaction-user.ts'
import { type Flow, type Listener, parseFlowKey, type RemoteAddress } from './transport/flow.ts'
import { listenerFor } from './transport/listener-for.ts'
import { makeListener, startListeners } from './transport/listeners.ts'
import { systemNames } from './transport/names.ts'
import { type Destination, type ResolveNeeds, resolveUri } from './transport/resolve.ts'
import { edgeList, isListed, trueSource } from './transport/true-source.ts'

/** How far above the last known CSeq a BYE after a crash begins: more requests than a dialog sends between two writes. */
const CSEQ_JUMP = 1_000

/** The SIP stack of one process: listeners, transactions and dialogs, and the user above them. */
export class SipStack implements SipStackDoor, Core {
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly timers: Timers
  readonly limits: Limits
  readonly identity: Identity
  readonly counters: Counters
  readonly supported: readonly string[]
  readonly product: string | undefined
  draining = false
  readonly #options: SipStackOptions
  readonly #rules: IngressRules
  readonly #edges: ReturnType<typeof edgeList>
  readonly #listeners: Listener[]
  readonly #resolving: ResolveNeeds
  readonly #hops: NextHops
  #lookups = 0
  readonly #servers = new Map<string, ServerTransaction>()
  /** Bytes of the requests of `#servers`. */
  #serverBytes = 0
  /** Requests outside of dialogs by what a merged one has in common with them. */
  readonly #merged = new Map<string, ServerTransaction>()
  readonly #clients = new Map<string, SentRequest>()
  readonly #dialogs = new Map<string, SipDialog>()
  /** Calls without a final answer, by the dialog that they will make. */
  readonly #calls = new Map<string, IncomingCall>()
  /** Calls of ours without a final answer, by what all dialogs that they may make have in common. */
  readonly #outgoing = new Map<string, OutgoingCallClient>()

  constructor(options: SipStackOptions) {
    this.#options = options
    this.clock = options.clock
    this.ids = options.ids
    this.log = options.log
    this.timers = timersOf(options.timers)
    this.limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.identity = new Identity({ node: options.node, incarnation: options.incarnation }, options.ids)
    this.supported = options.supported ?? []
    this.product = options.product
    this.#rules = { methods: options.methods ?? ['REGISTER'], supported: this.supported }
    this.#edges = edgeList(options.trustedEdges ?? [])
    const sizes = { dialogs: this.#dialogs, server_transactions: this.#servers, client_transactions: this.#clients }
    this.counters = newCounters(sizes)
    this.#listeners = options.listeners.map((listener) =>
      makeListener(listener, {
        clock: this.clock,
        identity: this.identity,
        log: this.log,
        limits: this.limits,
        counters: this.counters,
        isEdge: (address) => isListed(this.#edges, address),
        received: (data, flow, fault) => {
          options.tap?.('in', data, flow.transport, flow.listener.local, flow.remote)
          this.#received(data, flow, fault)
        },
        tap: options.tap,
        closed: (flow) => this.guarded('flow closed', () => options.user.flowClosed?.(flow)),
      }),
    )
    this.#resolving = {
      names: options.names ?? systemNames,
      clock: this.clock,
      ids: this.ids,
      mayReach: (address) => this.#mayReach(address),
      serves: (transport, family) =>
        this.#listeners.some(
          (one) => one.transport === transport && isIP(one.local.address) === (family ?? isIP(one.local.address)),
        ),
    }
    this.#hops = new NextHops((uri) => this.resolve(uri), this.limits.dialogs)
  }

  async start(): Promise<void> {
    try {
      await startListeners(this.#listeners)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    for (const dialog of [...this.#dialogs.values()]) dialog.shutDown()
    for (const call of [...this.#calls.values(), ...this.#outgoing.values()]) call.drop()
    for (const transaction of this.#servers.values()) transaction.drop()
    for (const transaction of this.#clients.values()) transaction.drop()
    for (const table of [this.#dialogs, this.#calls, this.#outgoing, this.#servers, this.#merged, this.#clients])
      table.clear()
    this.#hops.clear()
    this.#serverBytes = 0
    await Promise.all(this.#listeners.map((listener) => listener.stop()))
  }

  get listeners(): readonly ListenerInfo[] {
    return this.#listeners
  }

  get dialogs(): readonly Dialog[] {
    return [...this.#dialogs.values()]
  }

  flow(key: string): Flow | undefined {
    const parsed = parseFlowKey(key)
    if (!parsed) return undefined
    const sameTransport = this.#listeners.filter((listener) => listener.transport === parsed.transport)
    const sameAddress = sameTransport.filter((listener) => listener.local.address === parsed.local.address)
    const listener = sameAddress.find((one) => one.local.port === parsed.local.port) ?? sameAddress[0]
    return listener?.flowOf(parsed)
  }

  flowTo(target: RemoteAddress, transport: 'udp' | 'tcp' = 'udp'): Flow | undefined {
    return this.#flowTo(target, transport)
  }

  async resolve(text: string): Promise<readonly Destination[]> {
    if (this.#lookups >= this.limits.lookups) {
      this.counters.refused_overload++
      return []
    }
    this.#lookups++
    try {
      const uri = parseUri(text)
      return uri.kind === 'sip' ? await resolveUri(uri, this.#resolving) : []
    } catch (error) {
      if (!(error instanceof SipError)) this.log.error({ error }, 'a SIP URI could not be resolved')
      return []
    } finally {
      this.#lookups--
    }
  }

  request(outgoing: OutgoingRequest, handlers: ClientHandlers = { done() {} }): ClientTransaction {
    const flow = outgoing.flow ?? (outgoing.target && this.#flowTo(outgoing.target, outgoing.target.transport ?? 'udp'))
    if (!flow) throw new Error('a request has neither a flow nor a target that a listener of ours reaches')
    return this.send(buildRequest(this, outgoing, flow), flow, handlers)
  }

  invite(outgoing: OutgoingInvite, user: OutgoingCallUser): OutgoingCall {
    const { via, sdp, headers, uri, from, to, route, maxForwards } = outgoing
    if (this.#openDialogs >= this.limits.dialogs) {
      this.counters.refused_overload++
      throw new Error('too many dialogs are open')
    }
    const flow = 'flow' in via ? via.flow : this.#flowTo(via.target, via.transport ?? 'udp')
    if (!flow) throw new Error('no listener of ours reaches the target of this call')
    const invite = buildRequest(
      this,
      {
        method: 'INVITE',
        uri,
        from,
        ...(to === undefined ? {} : { to }),
        ...(route ? { route } : {}),
        ...(maxForwards === undefined ? {} : { maxForwards }),
        headers: { ...capabilities(this), ...headers },
        body: { type: 'application/sdp', content: sdp },
      },
      flow,
    )
    const key = outgoingKey(invite.callId, invite.fromTag)
    const call = new OutgoingCallClient({
      core: this,
      invite,
      flow,
      routing: 'flow' in via ? 'flow' : 'target',
      user,
      over: () => this.#outgoing.delete(key),
    })
    this.#outgoing.set(key, call)
    return call
  }

  byeFromState(
    state: DialogState,
    options: { cseqJump?: number; headers?: HeaderInput } = {},
    handlers: ClientHandlers = { done() {} },
  ): void {
    const flow = this.flow(state.flow)
    if (!flow) throw new Error('no listener of ours reaches the flow of this dialog')
    this.whenHopKnown(state, () => {
      const hop = this.nextHop(state, flow)
      this.#hops.forget(dialogKey(state))
      const bye = dialogRequest(state, {
        method: 'BYE',
        cseq: Math.min(state.local_cseq + (options.cseqJump ?? CSEQ_JUMP), 2_147_483_647),
        via: requestVia(hop, this.identity.branch()),
        product: this.product,
        headers: options.headers,
      })
      this.send(bye, hop, handlers)
    })
  }

  // ── Core: what calls and dialogs ask of the stack ──────────────────────────────────────────────────────────────────

  send(request: SipRequest, flow: Flow, handlers: ClientHandlers): ClientTransaction {
    return this.#sendIn(request, flow, {
      response: (response) => {
        if (response.status >= 200) this.guarded('done', () => handlers.done({ type: 'response', response }))
        else if (handlers.provisional) this.guarded('provisional', () => handlers.provisional?.(response))
      },
      failed: (outcome) => this.guarded('done', () => handlers.done(outcome)),
    })
  }

  sendInvite(request: SipRequest, flow: Flow, handlers: InviteHandlers): AbandonableTransaction {
    return this.#sendIn(request, flow, handlers)
  }

  sendBare(request: SipRequest, flow: Flow): void {
    this.counters.requests_sent++
    flow.send(serialise(request), () => {})
  }

  nextHop(state: DialogState, flow: Flow): Flow {
    const found = this.#hops.find(state)
    if (!found || !(found.remote.address === flow.remote.address || this.#mayReach(found.remote.address))) return flow
    return this.#flowTo(found.remote, found.transport, flow) ?? flow
  }

  whenHopKnown(state: DialogState, run: () => void): void {
    this.#hops.whenKnown(state, run)
  }

  addDialog(dialog: SipDialog): void {
    this.counters.dialogs_created++
    this.#dialogs.set(dialog.key, dialog)
    this.#hops.find(dialog.state) // a name is looked up before it is needed
  }

  removeDialog(dialog: SipDialog): void {
    if (this.#dialogs.get(dialog.key) !== dialog) return
    this.#dialogs.delete(dialog.key)
    this.#hops.forget(dialog.key)
  }

  guarded(what: string, run: () => void): boolean {
    try {
      run()
      return true
    } catch (error) {
      this.counters.handler_errors++
      this.log.error({ error, what }, 'a handler of the SIP stack threw')
      return false
    }
  }

  // ── What comes in ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A message; with `fault` the stream that it came by ends with it, and all that is left is to say so. */
  #received(data: Buffer, flow: Flow, fault?: SipError): void {
    try {
      const message = parseMessage(data, this.limits)
      if (fault) {
        if (message.kind === 'request') this.#answerFault(message, flow, fault)
        else this.#countDropped(fault)
      } else if (message.kind === 'response') this.#receiveResponse(message)
      else this.#receiveRequest(message, flow, data.length)
    } catch (error) {
      if (error instanceof FaultyRequest) this.#answerFault(error.request, flow, fault ?? error)
      else if (error instanceof SipError) this.#countDropped(error)
      else {
        this.counters.handler_errors++
        this.log.error({ error, remote: flow.remote }, 'a SIP message could not be handled')
      }
    }
  }

  #receiveResponse(response: SipResponse): void {
    this.counters.responses_received++
    checkResponse(response)
    const { topVia, cseq } = response
    const transaction = this.#clients.get(clientKey(topVia.branch, cseq.method))
    if (transaction) transaction.receive(response)
    else this.counters.dropped_stray_responses++
  }

  #receiveRequest(request: SipRequest, flow: Flow, bytes: number): void {
    this.counters.requests_received++
    try {
      checkRequest(request, this.limits.viaHops)
      request.stampVia(flow.remote.address, flow.remote.port)
    } catch (error) {
      if (!(error instanceof SipError)) throw error
      this.#answerFault(request, flow, error)
      return
    }
    if (request.method === 'ACK') {
      this.#receiveAck(request)
      return
    }
    const key = serverKey(request, request.method)
    const known = this.#servers.get(key)
    if (known) {
      this.counters.retransmissions_received++
      known.again()
      return
    }
    const { serverTransactions, serverTransactionBytes } = this.limits
    if (this.#servers.size >= serverTransactions || this.#serverBytes + bytes > serverTransactionBytes) {
      this.counters.refused_overload++
      this.#answerStatelessly(request, flow, 503, { headers: { 'Retry-After': String(1 + this.ids.integer(10)) } })
      return
    }
    this.#receiveNew(request, flow, key, bytes)
  }

  #receiveNew(request: SipRequest, flow: Flow, key: string, bytes: number): void {
    const outside = request.toTag === ''
    const merge = outside && request.fromTag !== '' && request.method !== 'CANCEL' ? mergeKey(request) : undefined
    const isMerged = merge !== undefined && this.#merged.get(merge)?.ongoing === true
    const transaction = new ServerTransaction(
      { key, mergeKey: isMerged ? undefined : merge, request, flow },
      {
        clock: this.clock,
        timers: this.timers,
        counters: this.counters,
        ended: (ended) => {
          this.#serverBytes -= bytes
          this.#forget(ended)
        },
      },
    )
    this.#servers.set(key, transaction)
    this.#serverBytes += bytes
    if (merge !== undefined && !isMerged) this.#merged.set(merge, transaction)
    transaction.begin()
    try {
      if (isMerged) {
        this.counters.merged_requests++ // §8.2.2.2: one request over two paths
        this.#refuse(transaction, { status: 482 })
      } else if (request.method === 'CANCEL') this.#cancel(transaction)
      else this.#dispatch(transaction)
    } catch (error) {
      if (!transaction.answered) {
        const status = error instanceof SipError ? error.status : 500
        const reason = error instanceof SipError ? reasonOf(error) : undefined
        this.#refuse(transaction, { status, ...(reason === undefined ? {} : { reason }) })
      }
      if (!(error instanceof SipError)) throw error
    }
  }

  #dispatch(transaction: ServerTransaction): void {
    const { request } = transaction
    const refusal = inspect(request, this.#rules)
    if (refusal) {
      this.#refuse(transaction, refusal)
      return
    }
    const isOutside = request.toTag === '' || this.#rules.methods.includes(request.method)
    if (!isOutside) this.#inDialog(transaction)
    else if (request.method === 'INVITE') this.#incomingCall(transaction)
    else if (request.method === 'OPTIONS') this.#options200(transaction)
    else if (this.#rules.methods.includes(request.method)) {
      const handle = new RequestHandle(this, transaction, this.#sourceOf(transaction))
      const told = this.guarded('request', () => this.#options.user.request(handle))
      if (!told && !handle.answered) handle.respond(500)
    } else this.#refuse(transaction, { status: 481 }) // BYE, INFO, UPDATE without a dialog
  }

  #incomingCall(transaction: ServerTransaction): void {
    if (this.draining || this.#openDialogs >= this.limits.dialogs) {
      if (!this.draining) this.counters.refused_overload++
      this.#refuse(transaction, { status: 503, headers: { 'Retry-After': String(1 + this.ids.integer(10)) } })
      return
    }
    const call = new IncomingCall({
      core: this,
      transaction,
      source: this.#sourceOf(transaction),
      over: () => this.#calls.delete(key),
    })
    const key = dialogKey(call.dialogState)
    this.#calls.set(key, call)
    if (!this.guarded('invite', () => this.#options.user.invite(call))) call.reject(500)
  }

  /** A request with a To tag: of a dialog, of a call that has none yet, or of somebody else's (§12.2.2). */
  #inDialog(transaction: ServerTransaction): void {
    const { request } = transaction
    const key = dialogKey({ call_id: request.callId, local_tag: request.toTag, remote_tag: request.fromTag })
    const dialog = this.#dialogs.get(key)
    const call = this.#calls.get(key)
    if (dialog) dialog.receive(transaction)
    else if (call) this.#inEarlyDialog(transaction, call)
    else {
      const outgoing = this.#outgoing.get(outgoingKey(request.callId, request.toTag))
      if (outgoing) outgoing.receive(transaction)
      else this.#foreign(transaction)
    }
  }

  /** §15.1.2: a BYE ends an unanswered call; other requests have to wait for the answer. */
  #inEarlyDialog(transaction: ServerTransaction, call: IncomingCall): void {
    const { method } = transaction.request
    if (method === 'BYE') {
      this.#refuse(transaction, { status: 200 })
      call.cancel(transaction.request)
    } else if (method === 'OPTIONS') this.#options200(transaction)
    else if (method === 'INVITE' || method === 'UPDATE') {
      this.#refuse(transaction, { status: 500, headers: { 'Retry-After': String(this.ids.integer(11)) } })
    } else this.#refuse(transaction, { status: 481 })
  }

  /** Nobody here knows the dialog. One of a dead incarnation is over for its peer too: BYE is what he expects to work. */
  #foreign(transaction: ServerTransaction): void {
    const owner = ownerOf(transaction.request.toTag)
    const { node, incarnation } = this.identity.owner
    const isOurs = owner?.node === node && owner.incarnation === incarnation
    const fate = owner && !isOurs ? (this.#options.foreignDialog?.(owner) ?? 'unknown') : 'unknown'
    const isDeadBye = fate === 'dead' && transaction.request.method === 'BYE'
    this.#refuse(transaction, { status: isDeadBye ? 200 : 481 })
  }

  #options200(transaction: ServerTransaction): void {
    if (this.draining) this.#refuse(transaction, { status: 503, reason: 'Draining' })
    else this.#refuse(transaction, { status: 200, headers: capabilities(this) })
  }

  /** §9.2: the transaction that a CANCEL means has its branch; 200 to the CANCEL first, then 487 to the INVITE. */
  #cancel(transaction: ServerTransaction): void {
    const { request } = transaction
    const cancelled = this.#servers.get(serverKey(request, 'INVITE'))
    if (!cancelled) {
      this.#refuse(transaction, { status: 481 })
      return
    }
    const toTag = cancelled.localTag ?? this.identity.tag()
    transaction.respond(answer(this, request, 200, { toTag }))
    cancelled.onCancel?.(request)
  }

  /** An ACK is never answered: it ends a refused INVITE's transaction, or belongs to a dialog's 2xx. */
  #receiveAck(ack: SipRequest): void {
    const transaction = this.#servers.get(serverKey(ack, 'INVITE'))
    if (transaction) {
      transaction.ack(ack)
      return
    }
    const key = dialogKey({ call_id: ack.callId, local_tag: ack.toTag, remote_tag: ack.fromTag })
    if (!this.#dialogs.get(key)?.ack(ack)) this.counters.dropped_stray_acks++
  }

  // ── Answers of the stack's own ─────────────────────────────────────────────────────────────────────────────────────

  #refuse(transaction: ServerTransaction, refusal: Refusal): void {
    const { status, ...options } = refusal
    const toTag = transaction.localTag ?? this.identity.tag()
    transaction.respond(answer(this, transaction.request, status, { ...options, toTag }))
  }

  #answerFault(request: SipRequest, flow: Flow, fault: SipError): void {
    if (request.method === 'ACK' || !request.headers.has('via')) {
      this.#countDropped(fault)
      return
    }
    this.counters.malformed_answered++
    try {
      request.stampVia(flow.remote.address, flow.remote.port)
    } catch (error) {
      if (!(error instanceof SipError)) throw error // its Via is what is broken: the answer goes back as it came
    }
    this.#answerStatelessly(request, flow, fault.status, { reason: reasonOf(fault) })
  }

  /** §8.2.7: no transaction; the To tag comes from the request, so that a repetition gets the same one. */
  #answerStatelessly(
    request: SipRequest,
    flow: Flow,
    status: number,
    options: { reason?: string; headers?: HeaderInput },
  ): void {
    const identifying = ['via', 'from', 'call-id', 'cseq'].map((name) => request.headers.get(name)).join('\n')
    const toTag = `${this.identity.prefix}.${createHash('sha1').update(identifying).digest('hex').slice(0, 16)}`
    const bytes = serialise(answer(this, request, status, { ...options, toTag }))
    this.counters.responses_sent++
    flow.respond(bytes, viaOf(request), () => {})
  }

  #countDropped(error: SipError): void {
    if (error.issue === 'not sip') this.counters.dropped_not_sip++
    else if (error.issue === 'too large') this.counters.dropped_oversized++
    else this.counters.dropped_malformed++
    this.log.debug({ issue: error.issue, header: error.header }, 'a SIP message was dropped')
  }

  // ── Details ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #sendIn(request: SipRequest, flow: Flow, handlers: InviteHandlers): AbandonableTransaction {
    const key = clientKey(request.topVia.branch, request.cseq.method)
    const transaction = new SentRequest(request, flow, {
      clock: this.clock,
      timers: this.timers,
      counters: this.counters,
      tell: (tell) => (tell.type === 'response' ? handlers.response(tell.response) : handlers.failed(tell)),
      ended: () => this.#clients.delete(key),
    })
    if (this.#clients.size >= this.limits.clientTransactions) {
      this.counters.refused_overload++
      transaction.finished = true
      const error = new Error('too many requests are under way')
      queueMicrotask(() => handlers.failed({ type: 'transport failed', error }))
      return transaction
    }
    this.#clients.set(key, transaction)
    transaction.begin()
    return transaction
  }

  /** The way to an address, from the listener of `like` or one beside it where that leads there. */
  #flowTo(remote: RemoteAddress, transport: Destination['transport'], like?: Flow): Flow | undefined {
    const listeners = this.#listeners.filter((listener) => listener.transport === transport)
    return listenerFor(listeners, remote.address, like?.listener.local)?.flowTo(remote)
  }

  get #openDialogs(): number {
    return this.#dialogs.size + this.#calls.size + this.#outgoing.size
  }

  #mayReach(address: string): boolean {
    return (this.#options.mayReach?.(address) ?? true) || isListed(this.#edges, address)
  }

  #sourceOf(transaction: ServerTransaction): RemoteAddress {
    return trueSource(transaction.request, transaction.flow.remote, this.#edges)
  }

  #forget(transaction: ServerTransaction): void {
    this.#servers.delete(transaction.key)
    const { mergeKey: merge } = transaction
    if (merge !== undefined && this.#merged.get(merge) === transaction) this.#merged.delete(merge)
  }
}

/** `Bad Request: From: …`, so that whoever reads a trace sees what was wrong. Parser messages hold nothing of the request's. */
function reasonOf(fault: SipError): string {
  return fault.message
}

function outgoingKey(callId: string, localTag: string): string {
  return `${callId}|${localTag}`
}

function viaOf(request: SipRequest): Via | undefined {
  try {
    return request.topVia
  } catch (error) {
    if (error instanceof SipError) return undefined
    throw error
  }
}
