import type { Timer } from '#platform/time'
import { capabilities } from '../capabilities.ts'
import type { Core } from '../core.ts'
import { wholeNumber } from '../message/characters.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { type Replaces, replacesOf } from '../message/replaces.ts'
import { contactUri } from '../outgoing.ts'
import type { ServerTransaction } from '../transaction/server-transaction.ts'
import type { Dialog, DialogUser, IncomingInvite, InviteUser, SipBody } from '../transaction-user.ts'
import type { Flow, RemoteAddress } from '../transport/flow.ts'
import { type DialogState, uasDialog } from './dialog-state.ts'
import { answer } from './request-handle.ts'
import { SipDialog } from './sip-dialog.ts'

/** §13.3.1.1: proxies give up after three minutes without a provisional answer. */
const REFRESH_PROVISIONAL_MS = 60_000

/** A call that comes in, from its INVITE to its final answer (RFC 3261 §13.3). */
export class IncomingCall implements IncomingInvite {
  readonly request: SipRequest
  readonly flow: Flow
  readonly source: RemoteAddress
  readonly dialogState: DialogState
  readonly replaces: Replaces | undefined
  readonly #core: Core
  readonly #transaction: ServerTransaction
  readonly #over: () => void
  #state: IncomingInvite['state'] = 'trying'
  #user: InviteUser | undefined
  #refresh: Timer | undefined
  #expiry: Timer | undefined

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
    const localTag = core.identity.tag()
    transaction.localTag = localTag
    this.dialogState = uasDialog(request, {
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

  attach(user: InviteUser): void {
    this.#user = user
  }

  progress(status: number, options: { reason?: string; headers?: HeaderInput; sdp?: string | Buffer } = {}): void {
    if (!this.#open || status <= 100 || status >= 200) return
    const response = this.#response(status, options.reason, options.headers, sdpBody(options.sdp))
    this.#state = 'early'
    this.#transaction.respond(response)
    this.#keepFresh(response)
  }

  accept(options: {
    sdp?: string | Buffer
    headers?: HeaderInput
    user: DialogUser
    routing?: 'flow' | 'target'
  }): Dialog | undefined {
    if (!this.#open) return undefined
    const response = this.#response(200, undefined, options.headers, sdpBody(options.sdp))
    this.#end('accepted')
    const dialog = new SipDialog({
      core: this.#core,
      user: options.user,
      state: { ...this.dialogState, ...(options.routing ? { routing: options.routing } : {}) },
      flow: this.flow,
      source: this.source,
      confirmed: false,
    })
    this.#core.addDialog(dialog)
    dialog.answerInvite(this.#transaction, response, {
      acked: (ack) => this.#tell((user) => user.acked(ack)),
      gaveUp: () => this.#tell((user) => user.ackTimeout()),
    })
    return dialog
  }

  reject(status: number, reason?: string, headers?: HeaderInput, body?: SipBody): void {
    if (!this.#open || status < 300 || status > 699) return
    const response = this.#response(status, reason, headers, body)
    this.#end('rejected')
    this.#transaction.respond(response)
  }

  /** CANCEL, an early BYE or an expired INVITE: 487 leaves, unless the call has its final answer already. */
  cancel(by: SipRequest): void {
    if (!this.#open) return
    const response = this.#response(487)
    this.#end('cancelled')
    this.#transaction.respond(response)
    this.#tell((user) => user.cancelled(by))
  }

  /** Forgets the call without a word. */
  drop(): void {
    this.#refresh?.cancel()
    this.#expiry?.cancel()
  }

  get #open(): boolean {
    return this.#state === 'trying' || this.#state === 'early'
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
              ...(status >= 200 ? capabilities(this.#core) : {}),
            },
          }
        : {}),
      ...(reason === undefined ? {} : { reason }),
      ...(headers ? { headers } : {}),
      ...(body ? { body } : {}),
    })
  }

  #keepFresh(response: SipResponse): void {
    this.#refresh?.cancel()
    this.#refresh = this.#core.clock.after(REFRESH_PROVISIONAL_MS, () => {
      if (!this.#open) return
      this.#transaction.respond(response)
      this.#keepFresh(response)
    })
  }

  #end(state: 'accepted' | 'rejected' | 'cancelled'): void {
    this.#state = state
    this.drop()
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
