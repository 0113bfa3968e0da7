import type { DialogState, HeaderInput, IncomingInvite, SipRequest } from '#telecom/sip'
import { CAUSE, causeOfReason, reasonHeader, sipStatusOfCause } from './cause.ts'
import type { LineNeeds } from './line.ts'
import { PhoneLine } from './phone-line.ts'
import type { ReplacedDialog } from './transfer.ts'

/**
 * The leg of a caller: from the INVITE to the BYE. Take it inside `TransactionUser.invite`, `open` it (or `prepare` it, and
 * `begin` once the call is let in), then ring, sound and answer. What happens before `listen` is kept for it.
 */
export class IncomingLine extends PhoneLine {
  readonly replaces: ReplacedDialog | undefined
  readonly #invite: IncomingInvite
  /** Our description, as long as the caller's own offer has been answered. */
  #answerSdp: string | undefined
  #earlySent = false

  constructor(invite: IncomingInvite, needs: LineNeeds) {
    super(needs)
    this.#invite = invite
    this.replaces = invite.replaces
    this.knows(invite.dialogState)
    invite.attach({
      cancelled: (cancel) =>
        this.end('remote', causeOfReason(cancel.headers.all('reason')) ?? CAUSE.normal, 'cancelled'),
      acked: (ack) => this.#acked(ack),
      dialog: this.dialogUser(),
      ackTimeout: () => this.end('local', CAUSE.timerExpired, 'no_ack'),
    })
  }

  get dialog(): DialogState {
    return this.established?.state ?? this.#invite.dialogState
  }

  /**
   * Reads the caller's offer and takes ports for its sound; nothing is sent from them before `begin`. A status where that
   * cannot be (415, 400, 488): the caller of this function refuses the call with it. Rejects when there are no ports.
   */
  async prepare(): Promise<{ ok: true } | { ok: false; status: number; why: string }> {
    const { request, flow } = this.#invite
    if (request.body.length > 0 && request.sdp === undefined && !isSession(request))
      return { ok: false, status: 415, why: 'the body is no session description' }
    const session = await this.takePorts(flow)
    const offer = request.sdp
    if (!session || offer === undefined) return { ok: true }
    const step = session.answer(offer.toString('utf8'))
    if ('status' in step) {
      this.sound.close()
      return { ok: false, ...step }
    }
    this.#answerSdp = step.sdp
    return { ok: true }
  }

  /** The call was let in: its sound flows, where the caller has said where to. */
  begin(): void {
    if (this.#answerSdp !== undefined) this.sound.described()
  }

  /** Both at once, where nothing has to be asked in between. */
  async open(): ReturnType<IncomingLine['prepare']> {
    const prepared = await this.prepare()
    if (prepared.ok) this.begin()
    return prepared
  }

  refuse(status: number, headers?: HeaderInput): void {
    if (this.ended) return
    this.#invite.reject(status, undefined, headers)
    this.end('local', CAUSE.rejected, 'rejected')
  }

  ring(): void {
    if (!this.ended && !this.established && !this.#earlySent) this.#invite.progress(180)
  }

  answer(): boolean {
    if (this.ended) return false
    if (this.established) return true
    const sdp = this.#answerSdp ?? this.session?.offer()
    if (sdp === undefined) return false
    const dialog = this.#invite.accept({ sdp, user: this.dialogUser() })
    if (!dialog) return false
    this.established = dialog
    this.sound.want()
    this.held = this.session?.negotiated?.held ?? false
    this.tell({ type: 'answered' })
    if (this.held) this.tell({ type: 'held' }) // by its first offer already
    return true
  }

  protected giveUp(cause: number): void {
    this.#invite.reject(sipStatusOfCause(cause), undefined, { Reason: reasonHeader(cause) })
    this.end('local', cause, 'rejected')
  }

  protected lost(): void {
    this.#invite.reject(480)
  }

  protected signallingAddress(): string {
    return this.#invite.source.address
  }

  /**
   * Before the answer, sound is early media: our description goes out in a 183, once, and the 200 repeats it. A caller
   * who made no offer hears nothing before our 200, and then as soon as its ACK has brought its answer.
   */
  protected mayBeHeard(): boolean {
    if (this.ended) return false
    if (this.established) return true
    if (!this.#answerSdp) return false
    if (!this.#earlySent) {
      this.#earlySent = true
      this.#invite.progress(183, { sdp: this.#answerSdp })
    }
    return true
  }

  /** The ACK of our 200: where that carried our offer, the answer is in here (RFC 3264 §4). */
  #acked(ack: SipRequest): void {
    if (this.ended) return
    if (!this.#answerSdp && !this.takeAnswer(ack)) {
      this.established?.bye({ Reason: reasonHeader(CAUSE.incompatibleMedia) })
      this.end('local', CAUSE.incompatibleMedia, 'no_media')
      return
    }
    this.#answerSdp ??= this.session?.said
    this.tell({ type: 'acked' })
  }
}

/** A body of several parts with a description among them is not read in pieces: it is refused like any other type. */
function isSession(request: SipRequest): boolean {
  return request.contentType?.type === 'application/sdp'
}
