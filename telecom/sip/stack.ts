import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import { Asking } from './asking/asking.ts'
import type { Question, Reply } from './asking/question.ts'
import type { AbandonableTransaction, Core, InviteHandlers } from './core.ts'
import { type Counters, newCounters } from './counters.ts'
import { Calling } from './dialog/calling.ts'
import type { DialogState } from './dialog/dialog-state.ts'
import { EndedDialog, type EndOptions } from './dialog/ended-dialog.ts'
import { DEFAULT_SESSION_TIMER, type SessionTimerPolicy } from './dialog/session-interval.ts'
import type { SipDialog } from './dialog/sip-dialog.ts'
import { Identity } from './identity.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import type { SipRequest } from './message/message.ts'
import { serialise } from './message/serialise.ts'
import { OpenCalls } from './open-calls.ts'
import { buildRequest } from './outgoing.ts'
import { Receiver } from './receiver.ts'
import type { ListenerInfo, SipStackDoor, SipStackOptions } from './stack-options.ts'
import { type Timers, timersOf } from './timers.ts'
import { ClientTransactions } from './transaction/client-transactions.ts'
import { ServerTransactions } from './transaction/server-transactions.ts'
import type {
  ClientHandlers,
  ClientTransaction,
  Dialog,
  OutgoingCall,
  OutgoingCallUser,
  OutgoingInvite,
  OutgoingRequest,
} from './transaction-user.ts'
import { Breaker, type BreakerState } from './transport/breaker.ts'
import { cachedNames } from './transport/cached-names.ts'
import { type Flow, type Listener, parseFlowKey, type RemoteAddress } from './transport/flow.ts'
import { makeListener, startListeners } from './transport/listeners.ts'
import { nameServers } from './transport/name-servers.ts'
import type { Names } from './transport/names.ts'
import type { Destination, Resolution } from './transport/resolve.ts'
import { edgeList, isListed } from './transport/true-source.ts'
import { Ways } from './ways.ts'

/** Extensions that the stack speaks by itself: RFC 3262, RFC 4028, RFC 3891, RFC 4488. */
const OWN_EXTENSIONS: readonly string[] = ['100rel', 'timer', 'replaces', 'norefersub']

/** The SIP stack of one process: listeners, transactions and dialogs, and the user above them. */
export class SipStack implements SipStackDoor, Core {
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly timers: Timers
  readonly limits: Limits
  readonly identity: Identity
  readonly counters: Counters
  readonly sessionTimer: SessionTimerPolicy
  readonly supported: readonly string[]
  readonly product: string | undefined
  draining = false
  readonly #listeners: readonly Listener[]
  readonly #servers: ServerTransactions
  readonly #clients: ClientTransactions
  readonly #calls = new OpenCalls()
  readonly #names: Names
  readonly #ways: Ways
  readonly #asking: Asking
  readonly #calling: Calling

  constructor(options: SipStackOptions) {
    const { clock, ids, log, product } = options
    this.clock = clock
    this.ids = ids
    this.log = log
    this.product = product
    this.timers = timersOf(options.timers)
    this.limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.identity = new Identity({ node: options.node, incarnation: options.incarnation }, ids)
    this.sessionTimer = { ...DEFAULT_SESSION_TIMER, ...options.sessionTimer }
    this.supported = [...OWN_EXTENSIONS, ...(options.supported ?? [])]
    const { timers, limits, identity } = this
    const needs = { clock, timers, limits, counters: () => this.counters }
    this.#servers = new ServerTransactions(needs)
    this.#clients = new ClientTransactions(needs)
    const breaker = new Breaker(clock)
    const tables = { server_transactions: this.#servers, client_transactions: this.#clients, breaker }
    this.counters = newCounters({ dialogs: this.#calls.dialogs, ...tables })
    const { counters } = this
    const edges = edgeList(options.trustedEdges ?? [])
    const receiver = new Receiver({
      core: this,
      user: options.user,
      foreignDialog: options.foreignDialog,
      rules: { methods: options.methods ?? ['REGISTER'], supported: this.supported },
      ...{ edges, calls: this.#calls, clients: this.#clients, servers: this.#servers },
    })
    const listeners = options.listeners.map((listener) =>
      makeListener(listener, {
        ...{ clock, identity, log, limits, counters, tap: options.tap },
        isEdge: (address) => isListed(edges, address),
        received: (data, flow, fault) => {
          options.tap?.('in', data, flow.transport, flow.listener.local, flow.remote)
          receiver.receive(data, flow, fault)
        },
        closed: (flow) => this.guarded('flow closed', () => options.user.flowClosed?.(flow)),
      }),
    )
    this.#listeners = listeners
    const { mayReach, flowInstead, names = cachedNames(nameServers(), clock) } = options
    this.#names = names
    this.#ways = new Ways({
      clock,
      ids,
      log,
      limits,
      counters,
      listeners,
      names,
      breaker,
      edges,
      mayReach,
      flowInstead,
    })
    this.#asking = new Asking(this, this.#ways)
    this.#calling = new Calling(this, this.#ways, this.#calls)
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
    this.#asking.stop()
    this.#calls.drop()
    this.#servers.drop()
    this.#clients.drop()
    this.#ways.stop()
    this.#names.stop?.()
    await Promise.all(this.#listeners.map((listener) => listener.stop()))
  }

  get listeners(): readonly ListenerInfo[] {
    return this.#listeners
  }

  get dialogs(): readonly Dialog[] {
    return [...this.#calls.dialogs.values()]
  }

  flow(key: string): Flow | undefined {
    return this.#ways.flow(key)
  }

  flowTo(target: RemoteAddress, transport: 'udp' | 'tcp' = 'udp'): Flow | undefined {
    return this.#ways.flowTo(target, transport)
  }

  resolve(text: string): Promise<readonly Destination[]> {
    return this.#ways.resolve(text)
  }

  lookUp(text: string): Promise<Resolution> {
    return this.#ways.lookUp(text)
  }

  request(outgoing: OutgoingRequest, handlers: ClientHandlers = { done() {} }): ClientTransaction {
    const { target } = outgoing
    const flow = outgoing.flow ?? (target && this.flowTo(target, target.transport))
    if (!flow) throw new Error('a request has neither a flow nor a target that a listener of ours reaches')
    return this.send(buildRequest(this, outgoing, flow), flow, handlers)
  }

  ask(question: Question): Promise<Reply> {
    return this.#asking.ask(question)
  }

  targetState(destination: Destination): BreakerState {
    return this.#ways.breaker.state(destination)
  }

  invite(outgoing: OutgoingInvite, user: OutgoingCallUser): OutgoingCall {
    return this.#calling.call(outgoing, user)
  }

  byeFromState(state: DialogState, options: EndOptions = {}, handlers: ClientHandlers = { done() {} }): void {
    const flow = this.flow(state.flow) ?? this.#fromHere(state.flow)
    if (!flow) throw new Error('no listener of ours reaches the peer of this dialog')
    const over = () => this.#ways.forget(state)
    new EndedDialog(this, { state, flow, options, handlers, over }).bye()
  }

  /** The way to the other end of a flow of another machine. */
  #fromHere(key: string): Flow | undefined {
    const flow = parseFlowKey(key)
    return flow && this.flowTo(flow.remote, flow.transport === 'udp' ? 'udp' : 'tcp')
  }

  // ── Core: what calls and dialogs ask of the stack ──────────────────────────────────────────────────────────────────

  send(request: SipRequest, flow: Flow, handlers: ClientHandlers): AbandonableTransaction {
    return this.#clients.send(request, flow, {
      response: (response) => {
        if (response.status >= 200) this.guarded('done', () => handlers.done({ type: 'response', response }))
        else if (handlers.provisional) this.guarded('provisional', () => handlers.provisional?.(response))
      },
      failed: (outcome) => this.guarded('done', () => handlers.done(outcome)),
    })
  }

  sendInvite(request: SipRequest, flow: Flow, handlers: InviteHandlers): AbandonableTransaction {
    return this.#clients.send(request, flow, handlers)
  }

  sendBare(request: SipRequest, flow: Flow): void {
    this.counters.requests_sent++
    flow.send(serialise(request), () => {})
  }

  nextHop(state: DialogState, flow: Flow): Flow {
    return this.#ways.nextHop(state, flow)
  }

  whenHopKnown(state: DialogState, run: () => void): void {
    this.#ways.whenHopKnown(state, run)
  }

  flowInstead(state: DialogState, run: (flow: Flow | undefined) => void): void {
    this.#ways.flowInstead(state, run)
  }

  addDialog(dialog: SipDialog): void {
    if (this.#calls.dialogs.get(dialog.key) === dialog) return
    this.counters.dialogs_created++
    this.#calls.dialogs.set(dialog.key, dialog)
    this.#ways.prepare(dialog.state)
  }

  removeDialog(dialog: SipDialog): void {
    if (this.#calls.dialogs.get(dialog.key) !== dialog) return
    this.#calls.dialogs.delete(dialog.key)
    this.#ways.forget(dialog.state)
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
}
