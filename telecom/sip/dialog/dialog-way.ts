import { capabilities } from '../capabilities.ts'
import type { Core } from '../core.ts'
import type { DigestClient } from '../digest/client.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipMessage, SipRequest } from '../message/message.ts'
import { contactUri, requestVia } from '../outgoing.ts'
import type { Outcome, SipBody } from '../transaction-user.ts'
import type { Flow } from '../transport/flow.ts'
import { dialogRequest } from './dialog-request.ts'
import { type DialogState, routing } from './dialog-state.ts'

/** Where a dialog's requests go, and how they are made: its state, and the flow that its peer is reached over. */
export class DialogWay {
  readonly #core: Core
  /** Hears of every new state. */
  readonly #changed: (state: DialogState) => void
  readonly #digest: DigestClient | undefined
  readonly #isRestored: boolean
  #state: DialogState
  #flow: Flow

  constructor(
    core: Core,
    at: {
      state: DialogState
      flow: Flow
      digest: DigestClient | undefined
      changed: (state: DialogState) => void
      /** It is of an earlier life, whose connections are gone for good. */
      isRestored?: boolean
    },
  ) {
    this.#core = core
    this.#digest = at.digest
    this.#isRestored = at.isRestored ?? false
    this.#state = at.state
    this.#flow = at.flow
    this.#changed = at.changed
  }

  get state(): DialogState {
    return this.#state
  }

  get flow(): Flow {
    return this.#flow
  }

  /** The answer to its INVITE says more of the dialog than was known; both sides' CSeqs go on where they are. */
  learn(state: Partial<DialogState>): void {
    const { local_cseq, remote_cseq } = this.#state
    this.#state = { ...this.#state, ...state, local_cseq, remote_cseq }
  }

  /** A request of the peer came. Where its connection had broken, it goes on over the one that it comes back by. */
  heard(cseq: number, flow: Flow): void {
    const back = !this.#flow.alive && this.#moveTo(flow)
    this.#set({ ...this.#state, ...(back ? { flow: this.#flow.key } : {}), remote_cseq: cseq })
  }

  /** §12.2: a target refresh moves the remote target; over a phone's flow also the flow. */
  refreshTarget(message: SipMessage, flow: Flow | undefined): void {
    const contact = message.contacts[0]
    const moved = flow !== undefined && this.#moveTo(flow)
    if (!contact && !moved) return
    const remote_target = contact?.uri.text ?? this.#state.remote_target
    this.#set({ ...this.#state, remote_target, flow: this.#flow.key })
  }

  /** Runs when the way is known: a name of a route has been looked up, or a phone whose connection broke was looked for. */
  whenKnown(run: () => void): void {
    if (this.#flow.alive || this.#state.routing === 'target') {
      this.#core.whenHopKnown(this.#state, run)
      return
    }
    this.#core.flowInstead(this.#state, (flow) => {
      const isBack = flow && !this.#flow.alive && this.#moveTo(flow)
      if (isBack) this.#set({ ...this.#state, flow: flow.key })
      if (this.#flow.alive) run()
      else this.#core.whenHopKnown(this.#routed(), run)
    })
  }

  /** The flow of the next request. */
  hop(): Flow {
    return this.#core.nextHop(this.#routed(), this.#flow)
  }

  /**
   * Where no connection is left to who called us, it is the remote target that was named (§12.2.1.1), as far as it may be
   * reached. A call of ours over a phone's flow takes no other way, as long as the phone may come back by one.
   */
  #routed(): DialogState {
    const isBound = this.#state.role === 'uac' && !this.#isRestored
    return this.#flow.alive || isBound ? this.#state : { ...this.#state, routing: 'target' }
  }

  /** Our Contact on a flow. */
  contactOn(flow: Flow): string {
    return contactUri(this.#core.identity.prefix, flow.listener)
  }

  /**
   * Whether a request of ours was challenged so that the next one can answer (RFC 3261 §22.2); `tries`: how often it has been
   * sent again for that.
   */
  challenged(request: SipRequest, outcome: Outcome, tries: number): boolean {
    return outcome.type === 'response' && this.#digest?.take(request, outcome.response, tries) === true
  }

  /** The next request of ours in the dialog. */
  build(method: string, parts: { headers?: HeaderInput | undefined; body?: SipBody | undefined }): SipRequest {
    const cseq = this.#state.local_cseq + 1
    this.#set({ ...this.#state, local_cseq: cseq })
    const hop = this.hop()
    const { uri } = routing(this.#state)
    const shown = this.#digest?.headersFor({ method, uri, address: hop.remote.address })
    const concernsSession = method === 'INVITE' || method === 'UPDATE'
    const said = concernsSession ? capabilities(this.#core) : {}
    return this.#request(method, hop, { cseq, headers: { ...said, ...shown, ...parts.headers }, body: parts.body })
  }

  /** The ACK of the 2xx to a re-INVITE of ours. */
  buildAck(invite: SipRequest): SipRequest {
    const hop = this.hop()
    const headers = this.#digest?.headersOfAck(invite, hop.remote.address)
    return this.#request('ACK', hop, { cseq: invite.cseq.number, headers })
  }

  #request(
    method: string,
    hop: Flow,
    parts: { cseq: number; headers: HeaderInput | undefined; body?: SipBody | undefined },
  ): SipRequest {
    return dialogRequest(this.#state, {
      ...{ method, ...parts, product: this.#core.product },
      via: requestVia(hop, this.#core.identity.branch()),
      contact: hop.listener === this.#flow.listener ? undefined : this.contactOn(hop),
    })
  }

  /** Whether the flow is another one than before; then our Contact is that of its listener. */
  #moveTo(flow: Flow): boolean {
    const stays = this.#state.routing === 'target' && this.#flow.alive
    if (stays || flow.key === this.#state.flow) return false
    const { listener } = this.#flow
    this.#flow = flow
    if (flow.listener === listener) return true
    this.#state = { ...this.#state, local_contact: this.contactOn(flow) }
    return true
  }

  #set(state: DialogState): void {
    this.#state = state
    this.#changed(state)
  }
}
