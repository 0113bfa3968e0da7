import type {
  CaptureTarget,
  MediaEvent,
  MuteDirection,
  PromptPart,
  RecordingTarget,
  Sending,
  StreamTarget,
} from '#telecom/media'
import type {
  Dialog,
  DialogRequest,
  DialogState,
  DialogUser,
  Flow,
  HeaderInput,
  SessionChange,
  SipRequest,
} from '#telecom/sip'
import { CAUSE, causeOfReason, reasonHeader } from './cause.ts'
import { Hearing } from './hearing.ts'
import { HOLD_MUSIC } from './hold-music.ts'
import { type KeyPress, KeyPresses } from './key-presses.ts'
import type { Line, LineNeeds } from './line.ts'
import type { LineEnd, LineEvent } from './line-event.ts'
import { LineEvents } from './line-events.ts'
import { LineHold } from './line-hold.ts'
import { LineSession } from './line-session.ts'
import { LineSound } from './line-sound.ts'
import { mediaAddress } from './media-address.ts'
import { RINGBACK } from './ringback.ts'
import { SessionOffers } from './session-offers.ts'
import { ToldDialog } from './told-dialog.ts'
import type { ReplacedDialog } from './transfer.ts'
import { Transfers } from './transfers.ts'

/**
 * Our own BYE that nobody answers, or that waits for an ACK: the leg counts as gone after so long, well within the 5 s of
 * a stop, so that its end is on disk. The transaction goes on by itself.
 */
const BYE_PATIENCE_MS = 2_500

/** What the legs of both directions have in common: everything but the way to the answer. */
export abstract class PhoneLine implements Line {
  readonly id: string
  protected readonly needs: LineNeeds
  protected readonly sound: LineSound
  /** There once the leg is answered. */
  protected established: Dialog | undefined
  protected session: LineSession | undefined
  protected held = false
  readonly #hold: LineHold
  readonly #events = new LineEvents()
  readonly #keys: KeyPresses
  readonly #transfers: Transfers
  readonly #hearing: Hearing
  readonly #offers: SessionOffers
  readonly #toldDialog = new ToldDialog()
  #ended = false

  constructor(needs: LineNeeds) {
    this.id = needs.ids.uuid()
    this.needs = needs
    this.#keys = new KeyPresses(needs.clock, (press) => this.#pressed(press))
    this.#transfers = new Transfers({
      ...{ clock: needs.clock, ids: needs.ids },
      dialog: () => this.established,
      tell: (event) => this.tell(event),
    })
    this.sound = new LineSound({
      log: needs.log,
      negotiated: () => this.session?.negotiated,
      signallingAddress: () => this.signallingAddress(),
      deadMediaMs: () => (this.established ? needs.deadMediaMs : 0),
      newId: () => needs.ids.uuid(),
      tell: (event) => this.tell(event),
    })
    this.#hearing = new Hearing({
      silence: () => this.silence(),
      quiet: () => this.sound.send({ kind: 'silence' }),
      press: (press) => this.#press(press),
    })
    this.#offers = new SessionOffers({
      session: () => (this.#ended ? undefined : this.session),
      mayChange: (request) => this.mayChange(request),
      renegotiated: () => this.renegotiated(),
    })
    this.#hold = new LineHold({
      clock: needs.clock,
      log: needs.log,
      dialog: () => this.established,
      session: () => this.session,
      renegotiated: () => this.renegotiated(),
    })
  }

  abstract readonly dialog: DialogState
  abstract readonly replaces: ReplacedDialog | undefined
  abstract ring(): void
  abstract answer(): boolean
  abstract refuse(status: number, headers?: HeaderInput): void
  /** Ends a leg that is not answered. */
  protected abstract giveUp(cause: number): void
  /** Makes sure that the far end hears what is sent from now on, if that can be. */
  protected abstract mayBeHeard(): boolean
  /** Where its signalling comes from. */
  protected abstract signallingAddress(): string
  /** Whether an offer comes from where the session is. */
  protected mayChange(_request: SipRequest): boolean {
    return true
  }

  /** The sound of a leg that is not answered is lost. */
  protected abstract lost(): void

  get ended(): boolean {
    return this.#ended
  }

  get answered(): boolean {
    return this.established !== undefined
  }

  get codec(): string | undefined {
    return this.session?.negotiated?.codec
  }

  get worker(): number | undefined {
    return this.sound.endpoint?.worker
  }

  listen(handler: (event: LineEvent) => void): void {
    this.#events.listen(handler)
  }

  play(id: string, parts: readonly PromptPart[]): void {
    if (!this.mayBeHeard()) {
      queueMicrotask(() => this.tell({ type: 'played', id, outcome: 'failed', issue: 'nothing can be heard yet' }))
      return
    }
    this.#hearing.part()
    this.sound.play(id, parts)
  }

  echo(): void {
    if (this.mayBeHeard()) this.#send({ kind: 'echo' })
  }

  music(): void {
    if (this.mayBeHeard()) this.#loop('music', HOLD_MUSIC)
  }

  ringback(): void {
    if (this.mayBeHeard()) this.#loop('ringback', RINGBACK)
  }

  silence(): void {
    this.#send({ kind: 'silence' })
  }

  bridge(peer: Line): void {
    if (this.#ended || peer.ended) return
    this.mayBeHeard() // where it cannot be yet, the answer makes it
    this.#hearing.join(peer instanceof PhoneLine ? peer.#hearing : undefined)
    this.sound.send({ kind: 'bridge', peer: peer.id })
  }

  hold(held: boolean): void {
    if (this.#ended || !this.established) return
    this.sound.cover((cover) => cover.hold(held))
    this.#hold.want(held)
  }

  coverMusic(on: boolean): void {
    this.sound.cover((cover) => cover.music(on))
  }

  coverSilence(on: boolean): void {
    this.sound.cover((cover) => cover.silence(on))
  }

  mute(direction: MuteDirection | undefined): void {
    this.sound.cover((cover) => cover.muteSound(direction))
  }

  announce(id: string, parts: readonly PromptPart[]): void {
    this.sound.announce(id, parts)
  }

  detect(): void {
    this.sound.endpoint?.detect()
  }

  record(recording: RecordingTarget): void {
    this.sound.record(recording)
  }

  stopRecording(): void {
    this.sound.record(undefined)
  }

  stream(target: StreamTarget): void {
    this.sound.stream(target)
  }

  endStream(stream_id: string): void {
    this.sound.endStream(stream_id)
  }

  capture(target: CaptureTarget): void {
    this.sound.capture(target)
  }

  hangup(cause: number): void {
    if (this.#ended) return
    if (!this.established) {
      this.giveUp(cause)
      return
    }
    const over = () => this.end('local', cause, 'bye')
    this.silence() // nothing is heard of us any more
    const patience = this.needs.clock.after(BYE_PATIENCE_MS, over)
    this.established.bye({ Reason: reasonHeader(cause) }, () => {
      patience.cancel()
      over()
    })
  }

  acceptTransfer(id: string): boolean {
    return !this.#ended && this.#transfers.accept(id)
  }

  tellTransfer(id: string, status: number): void {
    this.#transfers.report(id, status)
  }

  refuseTransfer(id: string, status: number): void {
    this.#transfers.refuse(id, status)
  }

  /** Takes ports on the address of this flow and begins a session there. False when the leg ended meanwhile. */
  protected async takePorts(flow: Flow, options: { workerHint?: number; codecs?: readonly ('PCMU' | 'PCMA')[] } = {}) {
    const { workerHint, codecs } = options
    const endpoint = await this.needs.media.open({
      id: this.id,
      address: flow.listener.local.address,
      on: (event) => this.#heard(event),
      ...(workerHint === undefined ? {} : { workerHint }),
    })
    if (!this.sound.attach(endpoint)) return undefined
    this.session = new LineSession({
      address: (this.needs.mediaAddress ?? mediaAddress)(flow),
      port: endpoint.port,
      sessionId: String(this.needs.ids.integer(2 ** 47) + 1),
      ...(codecs ? { codecs } : {}),
    })
    return this.session
  }

  protected dialogUser(): DialogUser {
    return {
      bye: (request: SipRequest) =>
        this.end('remote', causeOfReason(request.headers.all('reason')) ?? CAUSE.normal, 'bye'),
      info: (request: DialogRequest) => this.#keys.info(request),
      reinvite: (change: SessionChange) => this.#offers.change(change),
      update: (change: SessionChange) => this.#offers.change(change),
      other: (request: DialogRequest) => this.#asked(request),
      changed: (dialog: DialogState) => {
        if (this.established) this.dialogChanged(dialog)
      },
      ended: (cause: 'bye' | 'peer gone' | 'ack timeout' | 'session expired') => {
        if (cause === 'ack timeout') this.end('local', CAUSE.timerExpired, 'no_ack')
        if (cause === 'peer gone') this.end('remote', CAUSE.normal, 'peer_gone')
        if (cause === 'session expired') this.end('local', CAUSE.timerExpired, 'peer_gone')
      },
      restate: () => this.#offers.restate(),
    }
  }

  #asked(request: DialogRequest): void {
    const { method } = request.request
    if (method === 'REFER') this.#transfers.refer(request)
    else if (method === 'SUBSCRIBE') this.#transfers.subscribe(request)
    else if (method === 'NOTIFY')
      request.respond(481) // we have subscribed to nothing
    // RFC 3261 §8.2.1: what is not on our list in a call is 405; OPTIONS the stack answers itself
    else request.respond(405, { headers: { Allow: ALLOW } })
  }

  /** The dialog may have changed; its owner is told where that matters to a BYE of ours. */
  protected dialogChanged(dialog: DialogState): void {
    if (!this.#toldDialog.isNews(dialog)) return
    this.knows(dialog)
    this.tell({ type: 'dialog_changed', dialog })
  }

  /** The owner knows the dialog so. */
  protected knows(dialog: DialogState): void {
    if (!this.#toldDialog.isKnown && !this.#ended) this.needs.directory?.add(this)
    this.#toldDialog.knows(dialog)
  }

  /** The ACK of a 200 of ours that carried an offer. */
  protected takeAnswer(ack: SipRequest): boolean {
    return this.#offers.takeAnswer(ack)
  }

  /** Hold before the answer is told with it. */
  protected renegotiated(): void {
    this.sound.described()
    if (!this.established) return
    this.#hold.agreed()
    const held = this.session?.negotiated?.held ?? false
    if (held === this.held) return
    this.held = held
    this.tell({ type: held ? 'held' : 'resumed' })
  }

  #heard(event: MediaEvent) {
    this.needs.mediaWitness?.(this.id, event)
    switch (event.type) {
      case 'digit': {
        const { digit, durationMs } = event
        return this.#keys.report({ digit, durationMs, method: event.method === 'inband' ? 'inband' : 'rfc4733' })
      }
      case 'answered_by':
        return this.tell(event)
      case 'prompt_finished':
        return this.sound.finished(event)
      case 'media_lost':
        return this.tell({ type: 'media_lost', silentMs: event.silentMs })
      case 'media_resumed':
        return this.tell({ type: 'media_resumed' })
      case 'recording_started':
        return this.#events.tell(event)
      case 'recording_ended':
        this.sound.recorded(event.recording_id)
        return this.#events.tell(event)
      case 'stream_started':
        return this.tell(event)
      case 'stream_ended':
        this.sound.endStream(event.stream_id)
        return this.tell(event)
      case 'failed':
        this.needs.log.warn({ line: this.id, issue: event.issue }, 'the sound of a line is lost')
        if (this.established) this.established.bye({ Reason: reasonHeader(CAUSE.temporaryFailure) })
        else if (!this.#ended) this.lost()
        return this.end('local', CAUSE.temporaryFailure, 'no_media')
      default:
        return
    }
  }

  #pressed(press: KeyPress): void {
    if (this.#ended) return
    this.#hearing.press(press)
    this.tell({ type: 'digit', ...press })
  }

  /** A key of the line that is heard here. One that came as sound goes on as sound where no events were agreed. */
  #press({ digit, durationMs, method }: KeyPress): void {
    const negotiated = this.session?.negotiated
    if (!negotiated || (method === 'inband' && negotiated.telephoneEventSend === null)) return
    this.sound.endpoint?.press(digit, durationMs)
  }

  #loop(name: string, parts: readonly PromptPart[]): void {
    this.#send({ kind: 'prompt', prompt_id: `${name}-${this.needs.ids.uuid()}`, parts, loop: true })
  }

  #send(sending: Sending): void {
    this.#hearing.part()
    this.sound.send(sending)
  }

  protected end(by: 'remote' | 'local', cause: number, why: LineEnd, status?: number): void {
    if (this.#ended) return
    this.#hearing.part()
    this.#transfers.end()
    this.#hold.stop()
    this.sound.close()
    this.#ended = true
    if (this.#toldDialog.isKnown) this.needs.directory?.remove(this)
    this.#events.tell({ type: 'ended', by, cause, why, ...(status === undefined ? {} : { status }) })
  }

  protected tell(event: LineEvent): void {
    if (!this.#ended) this.#events.tell(event)
  }
}

const ALLOW = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER'
