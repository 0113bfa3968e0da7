import type { Timer } from '#platform/time'
import { capabilities } from '../capabilities.ts'
import type { Core } from '../core.ts'
import { wholeNumber } from '../message/characters.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { type Replaces, replacesOf } from '../message/replaces.ts'
import { contactUri } from '../outgoing.ts'
import type { ServerTransaction } from '../transaction/server-transaction.ts'
import type { Dialog, DialogUser, EarlyDialog, IncomingInvite, InviteUser, SipBody } from '../transaction-user.ts'
import type { Flow, RemoteAddress } from '../transport/flow.ts'
import { type DialogState, uasDialog } from './dialog-state.ts'
import { NOBODY } from './nobody.ts'
import { ReliableProvisionals } from './reliable-provisionals.ts'
import { answer } from './request-handle.ts'
import { agreeAsUas } from './session-interval.ts'
import { SipDialog } from './sip-dialog.ts'

/** §13.3.1.1: proxies give up after three minutes without a provisional answer. */
const REFRESH_PROVISIONAL_MS = 60_000
/** RFC 3262 §3: RSeq begins anywhere in the lower half of its range. */
const MOST_FIRST_RSEQ = 2 ** 31 - 1

interface Progress {
  readonly reason?: string
  readonly headers?: HeaderInput
  readonly sdp?: string | Buffer
}

/** A call that comes in, from its INVITE to its final answer (RFC 3261 §13.3). */
export class IncomingCall implements IncomingInvite {
  readonly request: SipRequest
  readonly flow: Flow
  readonly source: RemoteAddress
  readonly replaces: Replaces | undefined
  readonly #core: Core
  readonly #transaction: ServerTransaction
  readonly #over: () => void
  readonly #firstState: DialogState
  /** Whether the caller takes provisional responses that are acknowledged (RFC 3262). */
  readonly #reliability: 'required' | 'supported' | 'none'
  #state: IncomingInvite['state'] = 'trying'
  #user: InviteUser | undefined
  #refresh: Timer | undefined
  #expiry: Timer | undefined
  #reliable: ReliableProvisionals | undefined
  /** There once something was sent reliably, and once the call is answered. */
  #dialog: SipDialog | undefined
  /** A description of ours was sent reliably: it stands. */
  #described = false

  /** `over` is called once, when the call is answered, refused or cancelled. Throws a `SipError` for a useless INVITE. */
  constructor(at: { core: Core; transaction: ServerTransaction; source: RemoteAddress; over: () => void }) {
    const { core, transaction } = at
    const { flow, request } = transaction
    this.#core = core
    this.#transaction = transaction
    this.#over = at.over
    this.request = request
    this.flow = flow
    this.source = at.source
    this.replaces = replacesOf(request)
    const reliably = (name: string) => request.headers.list(name).includes('100rel')
    this.#reliability = reliably('require') ? 'required' : reliably('supported') ? 'supported' : 'none'
    const localTag = core.identity.tag()
    transaction.localTag = localTag
    this.#firstState = uasDialog(request, {
      localTag,
      contact: contactUri(core.identity.prefix, flow.listener),
      flow: flow.key,
      flowSecure: flow.secure,
      // behind proxies requests go the way that these ask for; a phone is where its packets come from
      routing: request.headers.has('record-route') ? 'target' : 'flow',
    })
    transaction.onCancel = (cancel) => this.cancel(cancel)
    const expires = wholeNumber(request.headers.get('expires') ?? '', 86_400)
    if (expires) this.#expiry = core.clock.after(expires * 1_000, () => this.cancel(request)) // §13.3.1
  }

  get state(): IncomingInvite['state'] {
    return this.#state
  }

  get dialogState(): DialogState {
    return this.#dialog?.state ?? this.#firstState
  }

  get early(): EarlyDialog | undefined {
    return this.#open ? this.#dialog : undefined
  }

  attach(user: InviteUser): void {
    this.#user = user
  }

  progress(status: number, options: Progress = {}): void {
    if (!this.#open || status <= 100 || status >= 200) return
    const carriesSession = options.sdp !== undefined && !this.#described
    if (this.#reliability === 'required' || (this.#reliability === 'supported' && carriesSession)) {
      this.#sendReliably(status, options, carriesSession)
      this.#state = 'early'
      return
    }
    const body = this.#described ? undefined : sdpBody(options.sdp)
    const response = this.#response(status, options.reason, options.headers, body)
    this.#state = 'early'
    this.#transaction.respond(response)
    this.#keepFresh(() => this.#transaction.respond(response))
  }

  accept(options: {
    sdp?: string | Buffer
    headers?: HeaderInput
    user: DialogUser
    routing?: 'flow' | 'target'
  }): Dialog | undefined {
    if (!this.#open) return undefined
    const timer = agreeAsUas(this.request, this.#core.sessionTimer, undefined)
    const body = this.#described ? undefined : sdpBody(options.sdp)
    const response = this.#response(200, undefined, { ...timer?.headers, ...options.headers }, body)
    this.#end('accepted')
    this.#dialog ??= this.#makeDialog(undefined)
    const dialog = this.#dialog
    dialog.answered(options.user, options.routing ? { routing: options.routing } : {})
    this.#core.addDialog(dialog)
    dialog.session.begin(this.request, timer?.agreed)
    const send = () =>
      dialog.answerInvite(this.#transaction, response, {
        acked: (ack) => this.#tell((user) => user.acked(ack)),
        gaveUp: () => this.#tell((user) => user.ackTimeout()),
      })
    if (this.#reliable) this.#reliable.beforeAnswer(send)
    else send()
    return dialog
  }

  reject(status: number, reason?: string, headers?: HeaderInput, body?: SipBody): void {
    if (!this.#open || status < 300 || status > 699) return
    const response = this.#response(status, reason, headers, body)
    this.#refuse('rejected', response)
  }

  /** CANCEL, an early BYE or an expired INVITE: 487 leaves, unless the call has its final answer already. */
  cancel(by: SipRequest): void {
    if (!this.#open) return
    this.#refuse('cancelled', this.#response(487))
    this.#tell((user) => user.cancelled(by))
  }

  /** Forgets the call without a word. */
  drop(): void {
    this.#refresh?.cancel()
    this.#expiry?.cancel()
    this.#reliable?.stop()
  }

  get #open(): boolean {
    return this.#state === 'trying' || this.#state === 'early'
  }

  #sendReliably(status: number, { reason, headers, sdp }: Progress, carriesSession: boolean): void {
    this.#reliable ??= this.#makeReliable()
    const body = carriesSession ? sdpBody(sdp) : undefined
    this.#reliable.send({
      carriesSession,
      build: (rseq) => this.#response(status, reason, { ...headers, Require: '100rel', RSeq: String(rseq) }, body),
      acknowledged: (prack) => {
        if (!carriesSession) return
        this.#dialog?.session.settled()
        this.#tell((user) => user.pracked?.(prack))
      },
    })
    if (carriesSession) this.#described = true
    this.#keepFresh(() => this.progress(status))
  }

  #makeReliable(): ReliableProvisionals {
    const { clock, timers, ids } = this.#core
    const reliable = new ReliableProvisionals({
      ...{ clock, timers },
      cseq: this.request.cseq.number,
      firstRseq: 1 + ids.integer(MOST_FIRST_RSEQ),
      send: (response) => this.#transaction.respond(response),
      gaveUp: () => this.#notAcknowledged(),
    })
    const dialog = this.#makeDialog(this.#user?.dialog ?? NOBODY)
    this.#dialog = dialog
    dialog.onPrack = (transaction) => this.#pracked(reliable, transaction)
    dialog.onGone = () => {
      reliable.stop()
      // somebody hung up while our 2xx still waited for the PRACK
      if (!this.#transaction.answered) this.#transaction.respond(this.#response(487))
    }
    this.#core.addDialog(dialog)
    return reliable
  }

  #makeDialog(early: DialogUser | undefined): SipDialog {
    return new SipDialog({
      core: this.#core,
      user: early ?? NOBODY,
      state: this.#firstState,
      flow: this.flow,
      source: this.source,
      confirmed: false,
      early: { unanswered: this.request.sdp ? 'theirs' : 'ours', bye: (request) => this.cancel(request) },
    })
  }

  /** RFC 3262 §3: 481 for one that nothing waits for; its own offer is answered in the 2xx to it (§5). */
  #pracked(reliable: ReliableProvisionals, transaction: ServerTransaction): void {
    const { request } = transaction
    const isAnswer = this.#described && !this.request.sdp && this.#dialog?.session.isOurOfferOpen === true
    if (!reliable.take(request)) {
      transaction.respond(answer(this.#core, request, 481))
      return
    }
    if (request.sdp && !isAnswer) this.#dialog?.session.receive(transaction, 'PRACK')
    else transaction.respond(answer(this.#core, request, 200))
    reliable.goOn()
  }

  /** Nobody acknowledged what had to arrive: the call is refused by 504, even where we had accepted it meanwhile. */
  #notAcknowledged(): void {
    this.#core.counters.ack_timeouts++
    const wasOpen = this.#open
    if (!wasOpen && this.#transaction.answered) return // it was refused, or answered without waiting
    const response = this.#response(504)
    if (wasOpen) this.#refuse('rejected', response)
    else this.#transaction.respond(response)
    this.#tell((user) => user.ackTimeout())
    if (!wasOpen) this.#dialog?.neverAnswered()
  }

  #response(status: number, reason?: string, headers?: HeaderInput, body?: SipBody): SipResponse {
    const makesDialog = status < 300
    return answer(this.#core, this.request, status, {
      toTag: this.dialogState.local_tag,
      recordRoute: makesDialog,
      ...(makesDialog
        ? {
            defaults: {
              Contact: `<${this.dialogState.local_contact}>`,
              // what is sent reliably makes a dialog that requests may come in
              ...(status >= 200 || headers?.RSeq !== undefined ? capabilities(this.#core) : {}),
            },
          }
        : {}),
      ...(reason === undefined ? {} : { reason }),
      ...(headers ? { headers } : {}),
      ...(body ? { body } : {}),
    })
  }

  #keepFresh(again: () => void): void {
    this.#refresh?.cancel()
    this.#refresh = this.#core.clock.after(REFRESH_PROVISIONAL_MS, () => {
      if (!this.#open) return
      this.#keepFresh(again)
      again()
    })
  }

  #refuse(state: 'rejected' | 'cancelled', response: SipResponse): void {
    this.#end(state)
    this.#transaction.respond(response)
    this.#dialog?.forget()
  }

  #end(state: 'accepted' | 'rejected' | 'cancelled'): void {
    this.#state = state
    this.#refresh?.cancel()
    this.#expiry?.cancel()
    if (state !== 'accepted') this.#reliable?.stop()
    this.#over()
  }

  #tell(run: (user: InviteUser) => void): void {
    const user = this.#user
    if (user) this.#core.guarded('invite', () => run(user))
  }
}

function sdpBody(sdp: string | Buffer | undefined): SipBody | undefined {
  return sdp === undefined ? undefined : { type: 'application/sdp', content: sdp }
}
