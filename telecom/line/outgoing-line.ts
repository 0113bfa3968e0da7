import type {
  Credentials,
  DialogState,
  Flow,
  HeaderInput,
  OutgoingCall,
  OutgoingCallUser,
  OutgoingInvite,
  SipRequest,
  SipResponse,
  SipStackDoor,
} from '#telecom/sip'
import { CAUSE, causeOfReason, causeOfSipStatus, reasonHeader } from './cause.ts'
import type { LineNeeds } from './line.ts'
import { PhoneLine } from './phone-line.ts'

export interface OutgoingLineOptions {
  /** Request-URI. */
  uri: string
  /** name-addr without tag. */
  from: string
  to?: string
  /**
   * Where to: the flow that a phone registered over (only this one is used), an address, or several of one callee (what
   * `resolve` gave), of which the next one is tried where one cannot be reached, is silent for 6 s or has no time (503).
   */
  via: OutgoingInvite['via']
  /** Preset Route (the Path of a registration). */
  route?: readonly string[]
  /** The offer, the preferred codec first: that of the line which it will be joined with. */
  codecs?: readonly ('PCMU' | 'PCMA')[]
  maxForwards?: number
  headers?: HeaderInput
  /** What challenges of whom we dial are answered with, for this realm alone (RFC 3261 §22). */
  credentials?: Credentials
  /** The worker that its sound would best live in. */
  workerHint?: number
}

export type OutgoingLineNeeds = LineNeeds & { sip: Pick<SipStackDoor, 'invite' | 'flowTo'> }

type Failure = Parameters<OutgoingCallUser['failed']>[0]

/**
 * The leg of somebody that we call. `open` makes its identity and takes its ports, `dial` puts the INVITE on the wire. It
 * tells `ringing` or `early_media`, then `answered` or `ended`.
 */
export class OutgoingLine extends PhoneLine {
  readonly replaces = undefined
  readonly #options: OutgoingLineOptions
  readonly #sip: OutgoingLineNeeds['sip']
  #call: OutgoingCall | undefined
  #flow: Flow | undefined
  /** The fork (To tag) whose provisional answer sounds. */
  #earlyFork: string | undefined
  /** Its answer came reliably: the session is what it says, whatever the 2xx repeats. */
  #isSettled = false
  #rang = false
  /** Why we gave up before the answer. */
  #givenUp: number | undefined

  constructor(options: OutgoingLineOptions, needs: OutgoingLineNeeds) {
    super(needs)
    this.#options = options
    this.#sip = needs.sip
  }

  /** Known once `open` has come back; with an empty `remote_tag` until the other side speaks. */
  get dialog(): DialogState {
    const state = this.established?.state ?? this.#call?.dialogState
    if (!state) throw new Error('a line that was not opened has no dialog')
    return state
  }

  /**
   * Takes ports and makes the INVITE's identity; nothing is on the wire yet. Rejects without ports, without a way, and when
   * the line was hung up meanwhile.
   */
  async open(): Promise<void> {
    const { workerHint, codecs, uri, from, to, route, maxForwards, headers, credentials, via } = this.#options
    const flow = this.#flowOf(via)
    if (!flow) throw new Error('no listener of ours reaches the target of this call')
    this.#flow = flow
    const session = await this.takePorts(flow, {
      ...(workerHint === undefined ? {} : { workerHint }),
      ...(codecs ? { codecs } : {}),
    })
    if (!session) throw new Error('the line was hung up while it was opened')
    try {
      this.#call = this.#sip.invite(
        {
          uri,
          from,
          via,
          sdp: session.offer(),
          ...(to === undefined ? {} : { to }),
          ...(route ? { route } : {}),
          ...(maxForwards === undefined ? {} : { maxForwards }),
          ...(headers ? { headers } : {}),
          ...(credentials ? { credentials } : {}),
        },
        {
          dialog: this.dialogUser(),
          progressed: (response, early) => this.#progressed(response, early !== undefined),
          answered: (response, dialog) => {
            if (this.ended) dialog.bye()
            else {
              this.established = dialog
              this.#answered(response)
            }
          },
          failed: (failure) => this.#failed(failure),
        },
      )
    } catch (error) {
      this.sound.close()
      throw error
    }
    this.knows(this.#call.dialogState)
  }

  #flowOf(via: OutgoingInvite['via']): Flow | undefined {
    if ('flow' in via) return via.flow
    if ('target' in via) return this.#sip.flowTo(via.target, via.transport)
    for (const { remote, transport } of via.targets) {
      const flow = this.#sip.flowTo(remote, transport)
      if (flow) return flow
    }
    return undefined
  }

  /** Sends the INVITE. */
  dial(): void {
    if (!this.ended) this.#call?.send()
  }

  /** Nobody is rung from here: the other side says when it rings. */
  ring(): void {}

  /** The other side answers, not we: whether it has. */
  answer(): boolean {
    return !this.ended && this.established !== undefined
  }

  refuse(): void {
    this.hangup(CAUSE.rejected)
  }

  protected giveUp(cause: number): void {
    if (this.#givenUp !== undefined) return
    this.#givenUp = cause
    this.silence()
    if (this.#call) this.#call.cancel({ Reason: reasonHeader(cause) })
    else this.end('local', cause, 'cancelled')
  }

  protected lost(): void {
    this.#call?.cancel({ Reason: reasonHeader(CAUSE.temporaryFailure) })
  }

  protected signallingAddress(): string {
    return this.#flow?.remote.address ?? ''
  }

  protected mayBeHeard(): boolean {
    return !this.ended && this.session?.negotiated !== undefined
  }

  protected override mayChange(request: SipRequest): boolean {
    return this.established !== undefined || request.fromTag === this.#earlyFork
  }

  #progressed(response: SipResponse, isReliable: boolean): void {
    if (this.ended || this.#givenUp !== undefined || response.status < 180) return
    const sdp = this.#earlyFork === undefined ? response.sdp : undefined
    if (sdp && this.session?.acceptOfFork(sdp.toString('utf8'))) {
      this.#earlyFork = response.toTag
      this.#isSettled = isReliable
      this.#rang = true
      this.sound.described()
      this.tell({ type: 'early_media' })
    } else if (!this.#rang) {
      this.#rang = true
      this.tell({ type: 'ringing' })
    }
  }

  /** The 2xx has the last word about the session: an answer of the same fork that brings none keeps the early one. */
  #answered(response: SipResponse): void {
    const early = this.#earlyFork !== undefined && this.#earlyFork === response.toTag
    const sdp = early && this.#isSettled ? undefined : response.sdp
    const taken = sdp !== undefined && this.session?.acceptOfFork(sdp.toString('utf8')) === true
    if (!taken && !early) {
      this.established?.bye({ Reason: reasonHeader(CAUSE.incompatibleMedia) })
      this.end('local', CAUSE.incompatibleMedia, 'no_media')
      return
    }
    this.dialogChanged(this.dialog)
    this.tell({ type: 'answered' })
    this.renegotiated()
  }

  #failed(failure: Failure): void {
    if (this.#givenUp !== undefined) this.end('local', this.#givenUp, 'cancelled')
    else if (failure.type === 'refused') {
      const { status, headers } = failure.response
      this.end('remote', causeOfReason(headers.all('reason')) ?? causeOfSipStatus(status), 'refused', status)
    } else if (failure.type === 'unreachable') this.end('remote', CAUSE.noResponse, 'unreachable')
    else this.end('remote', CAUSE.noResponse, 'no_response')
  }
}
