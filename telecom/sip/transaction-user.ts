import type { DialogState } from './dialog/dialog-state.ts'
import type { Credentials } from './digest/client.ts'
import type { HeaderInput } from './message/headers.ts'
import type { SipRequest, SipResponse } from './message/message.ts'
import type { Replaces } from './message/replaces.ts'
import type { Flow, RemoteAddress } from './transport/flow.ts'
import type { Destination } from './transport/resolve.ts'

/** What goes into a response beside what RFC 3261 §8.2.6 copies from the request. */
export interface ResponseOptions {
  /** Reason phrase; the RFC's own where it is left out. */
  readonly reason?: string
  readonly headers?: HeaderInput
  /** A body with its Content-Type. */
  readonly body?: SipBody
}

export interface SipBody {
  readonly type: string
  readonly content: string | Buffer
}

/** Who sits above the transactions: the registrar and the calls. Handlers are synchronous; they may answer later. */
export interface TransactionUser {
  /** A new call comes in; 100 Trying has left. Attach an `InviteUser`, then answer now or later. */
  invite(call: IncomingInvite): void
  /**
   * A request outside of any dialog that the stack does not answer itself: REGISTER (and whatever `SipStackOptions.methods`
   * names). Must be answered with exactly one final response.
   */
  request(request: IncomingRequest): void
  /** A connection has broken: nothing reaches its peer over it any more, and `flow.key` never comes back to life. */
  flowClosed?(flow: Flow): void
}

/** A request that waits for its answer. */
export interface IncomingRequest {
  readonly request: SipRequest
  readonly flow: Flow
  /** The true source: the flow's remote address, or what a configured edge says. */
  readonly source: RemoteAddress
  /** Whether a final response has been given. */
  readonly answered: boolean
  /** Answers; a second final response is ignored and logged. Throws a `SipError` for a header with CR, LF or NUL. */
  respond(status: number, options?: ResponseOptions): void
}

/** What happens to an incoming call on its way to an answer. */
export interface InviteUser {
  /**
   * The caller gave up: 487 has left, nothing more can be answered. `by` is the CANCEL (or BYE; or the INVITE itself, when
   * the time of its Expires header has passed).
   */
  cancelled(by: SipRequest): void
  /** The ACK of our 2xx came; it has a body where our 2xx carried the offer. */
  acked(ack: SipRequest): void
  /**
   * No ACK of our 2xx within 64*T1: the dialog is over; the stack has sent BYE (§13.3.1.4). Or no PRACK of a reliable
   * provisional response: the stack has refused the call by 504 (RFC 3262 §3).
   */
  ackTimeout(): void
  /** The PRACK of our description came; it has a body where that was an offer. */
  pracked?(prack: SipRequest): void
  /** Who hears of requests in the early dialog (`EarlyDialog`); without one there are no offers in it. */
  readonly dialog?: DialogUser
}

/** A call that comes in: one INVITE outside of a dialog. */
export interface IncomingInvite {
  readonly request: SipRequest
  readonly flow: Flow
  /** The true source: the flow's remote address, or what a configured edge says. */
  readonly source: RemoteAddress
  /** The dialog that it asks to take the place of; one that cannot be read was answered 400. */
  readonly replaces: Replaces | undefined
  /** `trying` (100 has left), `early` (a 18x with our tag has), then one of the three ends. */
  readonly state: 'trying' | 'early' | 'accepted' | 'rejected' | 'cancelled'
  /** The identity that the dialog has, or would have, when accepted: to be written to disk before our 200. */
  readonly dialogState: DialogState
  /** Says who hears of CANCEL and ACK. Attach inside `TransactionUser.invite`. */
  attach(user: InviteUser): void
  /**
   * The dialog before its answer, once something was sent reliably in it: 18x with a description to a caller who supports
   * `100rel`, every 18x to one who requires it (RFC 3262).
   */
  readonly early: EarlyDialog | undefined
  /**
   * 101 to 199, with our tag and Contact. Ignored once the call is cancelled or answered. A description that was sent reliably
   * is not repeated by `accept`: it stands.
   */
  progress(status: number, options?: { reason?: string; headers?: HeaderInput; sdp?: string | Buffer }): void
  /**
   * 200. Resent until the ACK comes (T1 doubling to T2, 64*T1 in all); not before the PRACK of a description that was sent
   * reliably. Returns the dialog; `undefined` when the call has been cancelled or answered meanwhile.
   */
  accept(options: {
    sdp?: string | Buffer
    headers?: HeaderInput
    user: DialogUser
    /**
     * `flow`: requests of ours go back over the call's flow (phones); `target`: as Record-Route and Contact say. Where it is
     * left out the INVITE's Record-Route decides: with one it is `target`.
     */
    routing?: 'flow' | 'target'
  }): Dialog | undefined
  /** 300 to 699; resent until its ACK comes. Ignored once the call is cancelled or answered. */
  reject(status: number, reason?: string, headers?: HeaderInput, body?: SipBody): void
}

/**
 * What became of a request of ours. `retryInMs` stands with a 491: when §14.1 lets us try again. `local glare`: a re-INVITE
 * was not sent because another offer is open (or the dialog is over).
 */
export type Outcome =
  | { readonly type: 'response'; readonly response: SipResponse; readonly retryInMs?: number }
  | { readonly type: 'local glare'; readonly retryInMs: number }
  | { readonly type: 'timeout' }
  | { readonly type: 'transport failed'; readonly error: Error }

/** A request of ours that is under way. */
export interface ClientTransaction {
  readonly request: SipRequest
  /** True once `done` was called. */
  readonly finished: boolean
}

/** How a caller hears of its request: `done` is called once, never before `request()` has returned. */
export interface ClientHandlers {
  provisional?(response: SipResponse): void
  done(outcome: Outcome): void
}

/** A request outside of any dialog, to be sent over a flow (a registered phone's) or to an address. */
export interface OutgoingRequest {
  readonly method: string
  /** Request-URI. */
  readonly uri: string
  /** name-addr or addr-spec, without tag; the stack adds one. Defaults to the Request-URI of our listener. */
  readonly from?: string
  /** Defaults to the Request-URI. */
  readonly to?: string
  /** Preset Route values, in their order (a Path, an outbound proxy). */
  readonly route?: readonly string[]
  /** Default 70. */
  readonly maxForwards?: number
  readonly headers?: HeaderInput
  readonly body?: SipBody
  /** Exactly one of the two says where it goes. */
  readonly flow?: Flow
  readonly target?: RemoteAddress & { readonly transport?: 'udp' | 'tcp' }
  readonly callId?: string
  readonly cseq?: number
}

/** A call of ours, as it shall be made. */
export interface OutgoingInvite {
  /** Request-URI. */
  readonly uri: string
  /** name-addr or addr-spec, without tag; the stack adds one. */
  readonly from: string
  /** Defaults to the Request-URI. */
  readonly to?: string
  /**
   * Over a flow (a registered phone's): nothing of this call ever takes another way. Or to addresses (`resolve`), to the next
   * one where one does not answer (RFC 3263 §4.3): requests in the dialog go as Record-Route and Contact say.
   */
  readonly via:
    | { readonly flow: Flow }
    | { readonly target: RemoteAddress; readonly transport?: 'udp' | 'tcp' }
    | { readonly targets: readonly Destination[] }
  /** Preset Route values, in their order (the Path of a registration). */
  readonly route?: readonly string[]
  /** Default 70. */
  readonly maxForwards?: number
  readonly headers?: HeaderInput
  /** Answers the challenges of whom we dial, for this realm; those of anybody else are refusals like any other. */
  readonly credentials?: Credentials
  /** The offer. */
  readonly sdp: string
}

/** Who hears what becomes of a call of ours: any number of `progressed`, then exactly one of the two ends. */
export interface OutgoingCallUser {
  /** Of the dialog that the first 2xx makes. */
  readonly dialog: DialogUser
  /**
   * 101 to 199, of whatever fork. Nothing of it is heard once the call was cancelled. `early`: it came reliably, PRACK has been
   * sent, and a description in it is the answer to our offer for good.
   */
  progressed(response: SipResponse, early?: EarlyDialog): void
  /** The first 2xx; its ACK has been sent. */
  answered(response: SipResponse, dialog: Dialog): void
  /**
   * `refused`: 300 to 699 (a redirection is not followed, a challenge not answered). `no response`: nothing at all within
   * 6 s, or the transaction's time is over. `unreachable`: the transport failed, or the answer could not be used (it was
   * acknowledged and ended).
   * `cancelled`: we gave up, and the other side has agreed or did not within 64*T1.
   */
  failed(
    failure:
      | { readonly type: 'refused'; readonly response: SipResponse }
      | { readonly type: 'no response' }
      | { readonly type: 'unreachable'; readonly error: Error }
      | { readonly type: 'cancelled' },
  ): void
}

/** A call of ours on its way to an answer. */
export interface OutgoingCall {
  /**
   * Known before anything was sent, with an empty `remote_tag`; from the first 18x on that of its fork, which a BYE may end
   * after a crash. After `answered` the dialog's own counts.
   */
  readonly dialogState: DialogState
  /** Puts the INVITE on the wire. */
  send(): void
  /**
   * Gives up: CANCEL leaves as soon as the other side has said anything (§9.1), and a 2xx that crosses it is acknowledged
   * and ended by BYE. The headers (Reason) go out with either. Nothing happens once the call is answered.
   */
  cancel(headers?: HeaderInput): void
}

/** An established dialog (RFC 3261 §12). */
export interface Dialog {
  /** Plain data, replaced (never changed in place) with each step: write it down, and `byeFromState` ends it after a crash. */
  readonly state: DialogState
  readonly flow: Flow
  readonly source: RemoteAddress
  /** True once BYE was sent or received, or the peer does not know the dialog any more. */
  readonly ended: boolean
  /** Ends the dialog. Before the ACK of our 200 has come, the BYE waits for it (or for its timeout), as §15 asks. */
  bye(headers?: HeaderInput, done?: (outcome: Outcome) => void): void
  /** Sends an INFO (RFC 6086; DTMF as `application/dtmf-relay`). */
  info(body: SipBody | undefined, headers?: HeaderInput, done?: (outcome: Outcome) => void): void
  /**
   * Offers a new session. A 2xx is acknowledged by the stack; its body is the answer. While another offer is open the
   * outcome is `local glare`, and nothing is sent.
   */
  reinvite(sdp: string | Buffer, headers?: HeaderInput, done?: (outcome: Outcome) => void): void
  /**
   * Offers a new session by UPDATE (RFC 3311), or without a description only tells our Contact anew. With one, while another
   * offer is open, the outcome is `local glare`, and nothing is sent.
   */
  update(sdp: string | Buffer | undefined, headers?: HeaderInput, done?: (outcome: Outcome) => void): void
  /** Any other request in the dialog (OPTIONS, MESSAGE, NOTIFY, REFER). The answer to a NOTIFY never ends the dialog. */
  request(method: string, options?: { headers?: HeaderInput; body?: SipBody }, done?: (outcome: Outcome) => void): void
}

/** A dialog whose INVITE has no final answer yet: it began with a provisional response that was acknowledged by PRACK. */
export type EarlyDialog = Pick<Dialog, 'state' | 'info' | 'update' | 'request'>

/** A request in a dialog that waits for its answer. */
export interface DialogRequest {
  readonly request: SipRequest
  readonly answered: boolean
  respond(status: number, options?: ResponseOptions): void
}

/** A re-INVITE (or UPDATE, or PRACK) of the peer. Answer once, at once or later; until then others get 491 or 500. */
export interface SessionChange {
  readonly method: 'INVITE' | 'UPDATE' | 'PRACK'
  readonly request: SipRequest
  /** The offer; absent in a re-INVITE that wants ours: then `accept(sdp)` is the offer, and the ACK brings the answer. */
  readonly offer: Buffer | undefined
  readonly answered: boolean
  /** 200 with the answer (or our offer). `acked` hears of the ACK (re-INVITE only). */
  accept(options: { sdp?: string | Buffer; headers?: HeaderInput; acked?: (ack: SipRequest) => void }): void
  /** For example 488; the session stays as it was. */
  reject(status: number, reason?: string, headers?: HeaderInput): void
}

/** Who owns the dialog. All calls are synchronous; answers may come later. */
export interface DialogUser {
  /** The peer hung up: 200 has left, the dialog is over. */
  bye(request: SipRequest): void
  /** An INFO: answer it (200 where understood, 415/469 where not). */
  info(request: DialogRequest): void
  /** A re-INVITE: new offer (hold, new address), or a wish for ours. */
  reinvite(change: SessionChange): void
  /**
   * An UPDATE, or the PRACK of a reliable provisional response, that carries an offer; one without is answered 200 by the
   * stack. It may come before the final answer to the INVITE, once that one's own offer was answered reliably.
   */
  update(change: SessionChange): void
  /** Any other method that the stack lets through in a dialog (OPTIONS is answered by the stack; REFER, NOTIFY, MESSAGE are here). */
  other(request: DialogRequest): void
  /** The peer moved its remote target, or a CSeq moved on: `state` has changed. */
  changed?(state: DialogState): void
  /**
   * The dialog is over without a BYE of the peer: our BYE has been answered (or timed out), the peer answered 481 or 408
   * to a request of ours (§12.2.1.2; BYE has been sent), the ACK of a 2xx never came (BYE has been sent), or nobody refreshed
   * the session in time (RFC 4028 §10; BYE has been sent).
   */
  ended?(cause: 'bye' | 'peer gone' | 'ack timeout' | 'session expired'): void
  /**
   * The session as it stands, for a re-INVITE that refreshes it (RFC 4028 §7.4): the description as it was said last, and who
   * hears of the answer to it (`undefined`: it was not taken, all stays as it was). `undefined` while that cannot be.
   */
  restate?(): { readonly sdp: string; answered(sdp: Buffer | undefined): void } | undefined
}
