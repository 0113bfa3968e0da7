import type { MediaEndpoint, MediaEvent, PromptPart, Sending } from '#telecom/media'
import type {
  Dialog,
  DialogRequest,
  DialogState,
  HeaderInput,
  IncomingInvite,
  SessionChange,
  SipRequest,
} from '#telecom/sip'
import { CAUSE, causeOfReason, reasonHeader, sipStatusOfCause } from './cause.ts'
import { DIGIT_TYPES, readInfoDigit } from './info-digit.ts'
import type { Line, LineNeeds } from './line.ts'
import type { DigitMethod, LineEnd, LineEvent } from './line-event.ts'
import { LineSession } from './line-session.ts'
import { mediaAddress } from './media-address.ts'

/**
 * Our own BYE that nobody answers, or that waits for an ACK: the leg counts as gone after so long, well within the 5 s of
 * a stop, so that its end is on disk. The transaction goes on by itself.
 */
const BYE_PATIENCE_MS = 2_500
/** The same key reported by two ways within this time is one press. */
const SAME_PRESS_MS = 400

/**
 * The leg of a caller: from the INVITE to the BYE. Take it inside `TransactionUser.invite`, `open` it once the call is let
 * in, then ring, sound and answer. What happens before `listen` is kept for it.
 */
export class IncomingLine implements Line {
  readonly id: string
  readonly #invite: IncomingInvite
  readonly #needs: LineNeeds
  readonly #waiting: LineEvent[] = []
  /** Prompts that have not ended yet. */
  readonly #prompts = new Map<string, readonly PromptPart[]>()
  #handler: ((event: LineEvent) => void) | undefined
  #dialog: Dialog | undefined
  #endpoint: MediaEndpoint | undefined
  #session: LineSession | undefined
  /** Our description, as long as the caller's own offer has been answered. */
  #answerSdp: string | undefined
  #earlySent = false
  #sending: Sending = { kind: 'silence' }
  #sdpVersion = 0
  #held = false
  #ended = false
  /** The dialog as the owner knows it. */
  #toldDialog: DialogState
  #lastPress: { digit: string; method: DigitMethod; atMs: number } | undefined

  constructor(invite: IncomingInvite, needs: LineNeeds) {
    this.id = needs.ids.uuid()
    this.#invite = invite
    this.#needs = needs
    this.#toldDialog = invite.dialogState
    invite.attach({
      cancelled: (cancel) =>
        this.#end('remote', causeOfReason(cancel.headers.all('reason')) ?? CAUSE.normal, 'cancelled'),
      acked: (ack) => this.#acked(ack),
      ackTimeout: () => this.#end('local', CAUSE.timerExpired, 'no_ack'),
    })
  }

  get dialog(): DialogState {
    return this.#dialog?.state ?? this.#invite.dialogState
  }

  get ended(): boolean {
    return this.#ended
  }

  listen(handler: (event: LineEvent) => void): void {
    this.#handler = handler
    for (const event of this.#waiting.splice(0)) handler(event)
  }

  /**
   * Reads the caller's offer and takes ports for its sound. A status where that cannot be (415, 400, 488): the caller of
   * this function refuses the call with it. Rejects when there are no ports.
   */
  async open(): Promise<{ ok: true } | { ok: false; status: number; why: string }> {
    const { request, flow } = this.#invite
    if (request.body.length > 0 && request.sdp === undefined && !isSession(request))
      return { ok: false, status: 415, why: 'the body is no session description' }
    const bound = flow.listener.local.address
    const endpoint = await this.#needs.media.open({ id: this.id, address: bound, on: (event) => this.#heard(event) })
    if (this.#ended) {
      void endpoint.close()
      return { ok: true }
    }
    this.#endpoint = endpoint
    this.#session = new LineSession({
      address: (this.#needs.mediaAddress ?? mediaAddress)(flow),
      port: endpoint.port,
      sessionId: String(this.#needs.ids.integer(2 ** 47) + 1),
    })
    const offer = request.sdp
    if (offer === undefined) return { ok: true }
    const step = this.#session.answer(offer.toString('utf8'))
    if ('status' in step) {
      this.#closeEndpoint()
      return { ok: false, ...step }
    }
    this.#answerSdp = step.sdp
    this.#sdpVersion++
    this.#held = step.negotiated.held
    this.#wantMedia()
    return { ok: true }
  }

  refuse(status: number, headers?: HeaderInput): void {
    if (this.#ended) return
    this.#invite.reject(status, undefined, headers)
    this.#end('local', CAUSE.rejected, 'rejected')
  }

  ring(): void {
    if (!this.#ended && !this.#dialog && !this.#earlySent) this.#invite.progress(180)
  }

  answer(): boolean {
    if (this.#ended) return false
    if (this.#dialog) return true
    const sdp = this.#answerSdp ?? this.#session?.offer()
    if (sdp === undefined) return false
    const dialog = this.#invite.accept({ sdp, user: this.#dialogUser() })
    if (!dialog) return false
    this.#dialog = dialog
    this.#wantMedia()
    this.#tell({ type: 'answered' })
    return true
  }

  play(id: string, parts: readonly PromptPart[]): void {
    if (!this.#mayBeHeard()) {
      queueMicrotask(() => this.#tell({ type: 'played', id, outcome: 'failed', issue: 'nothing can be heard yet' }))
      return
    }
    this.#send({ kind: 'prompt', prompt_id: id, parts })
  }

  echo(): void {
    if (this.#mayBeHeard()) this.#send({ kind: 'echo' })
  }

  silence(): void {
    this.#send({ kind: 'silence' })
  }

  hangup(cause: number): void {
    if (this.#ended) return
    if (!this.#dialog) {
      this.#invite.reject(sipStatusOfCause(cause), undefined, { Reason: reasonHeader(cause) })
      this.#end('local', cause, 'rejected')
      return
    }
    const over = () => this.#end('local', cause, 'bye')
    this.#silenceForGood()
    const patience = this.#needs.clock.after(BYE_PATIENCE_MS, over)
    this.#dialog.bye({ Reason: reasonHeader(cause) }, () => {
      patience.cancel()
      over()
    })
  }

  #dialogUser() {
    return {
      bye: (request: SipRequest) =>
        this.#end('remote', causeOfReason(request.headers.all('reason')) ?? CAUSE.normal, 'bye'),
      info: (request: DialogRequest) => this.#info(request),
      reinvite: (change: SessionChange) => this.#change(change),
      update: (change: SessionChange) => this.#change(change),
      // RFC 3261 §8.2.1: what is not on our list in a call is 405; OPTIONS the stack answers itself
      other: (request: DialogRequest) => request.respond(405, { headers: { Allow: ALLOW } }),
      changed: (dialog: DialogState) => this.#dialogChanged(dialog),
      ended: (cause: 'bye' | 'peer gone' | 'ack timeout') => {
        if (cause === 'ack timeout') this.#end('local', CAUSE.timerExpired, 'no_ack')
        if (cause === 'peer gone') this.#end('remote', CAUSE.normal, 'peer_gone')
      },
    }
  }

  /** The peer's own CSeq moves with each of its requests and does not matter to a BYE of ours: nothing is told then. */
  #dialogChanged(dialog: DialogState): void {
    const told = this.#toldDialog
    const same =
      dialog.remote_target === told.remote_target &&
      dialog.local_cseq === told.local_cseq &&
      dialog.flow === told.flow &&
      dialog.route_set.join() === told.route_set.join()
    if (same) return
    this.#toldDialog = dialog
    this.#tell({ type: 'dialog_changed', dialog })
  }

  /** The ACK of our 200: where that carried our offer, the answer is in here (RFC 3264 §4). */
  #acked(ack: SipRequest): void {
    if (this.#ended) return
    if (!this.#answerSdp && !this.#takeAnswer(ack)) {
      this.#dialog?.bye({ Reason: reasonHeader(CAUSE.incompatibleMedia) })
      this.#end('local', CAUSE.incompatibleMedia, 'no_media')
      return
    }
    this.#tell({ type: 'acked' })
  }

  #takeAnswer(ack: SipRequest): boolean {
    const accepted = ack.sdp && this.#session?.accept(ack.sdp.toString('utf8'))
    if (!accepted || !('negotiated' in accepted)) {
      this.#session?.forgetOffer()
      return false
    }
    this.#answerSdp = this.#session?.said
    this.#renegotiated()
    return true
  }

  /** A re-INVITE or UPDATE: hold, another address, another codec. What we cannot take leaves the session as it is. */
  #change(change: SessionChange) {
    const session = this.#session
    if (this.#ended || !session) return change.reject(481)
    if (change.offer === undefined) {
      if (change.method === 'UPDATE') return change.accept({})
      if (session.offering) return change.reject(491)
      return change.accept({ sdp: session.offer(), acked: (ack) => void this.#takeAnswer(ack) })
    }
    if (session.offering) return change.reject(491) // RFC 5407 §3.1.4: ours went out in a 200 whose ACK has not come
    const step = session.answer(change.offer.toString('utf8'))
    if ('status' in step) return change.reject(step.status)
    change.accept({ sdp: step.sdp })
    this.#renegotiated()
  }

  #renegotiated(): void {
    this.#sdpVersion++
    this.#wantMedia()
    const held = this.#session?.negotiated?.held ?? false
    if (held === this.#held) return
    this.#held = held
    this.#tell({ type: held ? 'held' : 'resumed' })
  }

  /** RFC 6086; key presses in the two bodies that phones send. An empty INFO is a sign of life. */
  #info(request: DialogRequest) {
    const type = request.request.contentType?.type
    if (request.request.headers.has('info-package')) return request.respond(469, { headers: { 'Recv-Info': '' } })
    if (request.request.body.length === 0) return request.respond(200)
    if (type === undefined || !DIGIT_TYPES.includes(type))
      return request.respond(415, { headers: { Accept: `application/sdp, ${DIGIT_TYPES.join(', ')}` } })
    request.respond(200)
    const press = readInfoDigit(type, request.request.body.toString('latin1'))
    if (press) this.#pressed(press.digit, press.durationMs, 'info')
  }

  /** Some phones report a press by two ways at once: it counts once. */
  #pressed(digit: string, durationMs: number, method: DigitMethod): void {
    const atMs = this.#needs.clock.monotonicMs()
    const last = this.#lastPress
    if (last && last.method !== method && last.digit === digit && atMs - last.atMs < SAME_PRESS_MS + durationMs) return
    this.#lastPress = { digit, method, atMs }
    this.#tell({ type: 'digit', digit, durationMs, method })
  }

  #heard(event: MediaEvent) {
    switch (event.type) {
      case 'digit':
        return this.#pressed(event.digit, event.durationMs, event.method === 'inband' ? 'inband' : 'rfc4733')
      case 'prompt_finished':
        return this.#played(event)
      case 'media_lost':
        return this.#tell({ type: 'media_lost', silentMs: event.silentMs })
      case 'media_resumed':
        return this.#tell({ type: 'media_resumed' })
      case 'failed':
        this.#needs.log.warn({ line: this.id, issue: event.issue }, 'the sound of a line is lost')
        this.#dialog?.bye({ Reason: reasonHeader(CAUSE.temporaryFailure) })
        if (!this.#dialog && !this.#ended) this.#invite.reject(480)
        return this.#end('local', CAUSE.temporaryFailure, 'no_media')
      default:
        return
    }
  }

  #played(event: MediaEvent & { type: 'prompt_finished' }): void {
    const parts = this.#prompts.get(event.prompt_id) ?? []
    const files = parts.filter((part) => 'file' in part).length
    const outcome =
      event.outcome === 'stopped'
        ? 'stopped'
        : event.outcome === 'unreadable' && event.unreadable.length >= parts.length && files === parts.length
          ? 'failed'
          : 'finished'
    const issue = event.unreadable[0]?.issue
    if (this.#sending.kind === 'prompt' && this.#sending.prompt_id === event.prompt_id)
      this.#sending = { kind: 'silence' }
    this.#prompts.delete(event.prompt_id)
    this.#tell({ type: 'played', id: event.prompt_id, outcome, ...(issue === undefined ? {} : { issue }) })
  }

  /**
   * Before the answer, sound is early media: our description goes out in a 183, once, and the 200 repeats it. A caller
   * who made no offer hears nothing before our 200, and then as soon as its ACK has brought its answer.
   */
  #mayBeHeard(): boolean {
    if (this.#ended) return false
    if (this.#dialog) return true
    if (!this.#answerSdp) return false
    if (!this.#earlySent) {
      this.#earlySent = true
      this.#invite.progress(183, { sdp: this.#answerSdp })
    }
    return true
  }

  #send(sending: Sending): void {
    if (this.#ended) return
    if (sending.kind === 'prompt') this.#prompts.set(sending.prompt_id, sending.parts)
    this.#sending = sending
    this.#wantMedia()
  }

  #wantMedia(): void {
    const negotiated = this.#session?.negotiated
    if (!negotiated || this.#ended) return
    const { held: _, ...agreed } = negotiated
    const watched = this.#dialog ? this.#needs.deadMediaMs : 0
    this.#endpoint?.want({
      ...agreed,
      sending: this.#sending,
      sdpVersion: this.#sdpVersion,
      signallingAddress: this.#invite.source.address,
      ...(watched === undefined ? {} : { deadMediaMs: watched }),
    })
  }

  /** We are hanging up: nothing is heard of us any more, and no silence of the phone counts. */
  #silenceForGood(): void {
    this.#sending = { kind: 'silence' }
    this.#wantMedia()
  }

  #end(by: 'remote' | 'local', cause: number, why: LineEnd): void {
    if (this.#ended) return
    this.#closeEndpoint()
    for (const id of this.#prompts.keys()) this.#tell({ type: 'played', id, outcome: 'stopped' })
    this.#prompts.clear()
    this.#ended = true
    this.#handlerOrQueue({ type: 'ended', by, cause, why })
  }

  #closeEndpoint(): void {
    this.#endpoint
      ?.close()
      .catch((error) => this.#needs.log.warn({ line: this.id, error }, 'an endpoint did not close'))
    this.#endpoint = undefined
  }

  #tell(event: LineEvent): void {
    if (!this.#ended) this.#handlerOrQueue(event)
  }

  #handlerOrQueue(event: LineEvent): void {
    if (this.#handler) this.#handler(event)
    else this.#waiting.push(event)
  }
}

const ALLOW = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE'

/** A body of several parts with a description among them is not read in pieces: it is refused like any other type. */
function isSession(request: SipRequest): boolean {
  return request.contentType?.type === 'application/sdp'
}
