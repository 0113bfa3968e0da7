import type { Core } from '../core.ts'
import type { DigestClient } from '../digest/client.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import type { OutgoingCall, OutgoingCallUser } from '../transaction-user.ts'
import type { Flow } from '../transport/flow.ts'
import type { Destination } from '../transport/resolve.ts'
import type { Ways } from '../ways.ts'
import type { DialogState } from './dialog-state.ts'
import { OutgoingCallClient } from './outgoing-call.ts'

/** One way that the INVITE may take. */
export interface CallTarget {
  readonly destination: Destination
  readonly flow: Flow
  /** Where a large INVITE goes over a stream: the way of before, should that not be possible (RFC 3261 §18.1.1). */
  readonly instead?: CallTarget
}

/** What tells one INVITE of a call from the next one. */
export interface InviteIdentity {
  readonly callId: string
  readonly fromTag: string
  readonly cseq: number
}

interface Needs {
  readonly core: Core
  readonly ways: Pick<Ways, 'breaker' | 'refusesStream'>
  readonly user: OutgoingCallUser
  readonly digest: DigestClient | undefined
  /** Where an INVITE of so many bytes goes in place of a target. */
  streamFor(target: CallTarget, bytes: number): Flow | undefined
  /** The first INVITE where no identity is given. */
  build(flow: Flow, identity?: InviteIdentity): SipRequest
  opened(call: OutgoingCallClient, invite: SipRequest): void
  over(call: OutgoingCallClient, invite: SipRequest): void
}

type Failure = Parameters<OutgoingCallUser['failed']>[0]

/**
 * A call of ours whose callee has several addresses (RFC 3263 §4.3): where one cannot be reached, says nothing or has no time
 * (503), the INVITE goes to the next one, as the next request of the same call. Once one has said that it rings it is the
 * one. To its user it is one call, with one end.
 */
export class CallOverTargets implements OutgoingCall {
  readonly #needs: Needs
  readonly #targets: CallTarget[]
  #current: OutgoingCallClient
  #target: CallTarget
  /** One of them has taken the call. */
  #isTaken = false
  #isCancelled = false

  constructor([first, ...others]: readonly [CallTarget, ...CallTarget[]], needs: Needs) {
    this.#needs = needs
    this.#targets = others
    this.#target = first
    this.#current = this.#open(first, needs.build(first.flow))
  }

  get dialogState(): DialogState {
    return this.#current.dialogState
  }

  send(): void {
    this.#needs.ways.breaker.trying(this.#target.destination)
    this.#current.send()
  }

  cancel(headers?: HeaderInput): void {
    this.#isCancelled = true
    this.#current.cancel(headers)
  }

  #open(target: CallTarget, invite: SipRequest): OutgoingCallClient {
    const { core, user, digest, ways, streamFor, opened, over } = this.#needs
    const call: OutgoingCallClient = new OutgoingCallClient({
      ...{ core, invite, flow: target.flow, digest, routing: 'target' },
      stream: {
        flowFor: (bytes) => streamFor(target, bytes),
        refused: () => ways.refusesStream(target.destination),
      },
      heard: (response) => this.#heard(target, response),
      user: { ...user, failed: (failure) => this.#failed(target, failure) },
      over: () => over(call, invite),
    })
    opened(call, invite)
    return call
  }

  /** What one says that was passed over comes too late to keep the call there. */
  #heard(target: CallTarget, response: SipResponse): void {
    this.#needs.ways.breaker.answered(target.destination, response)
    if (target === this.#target && response.status > 100 && response.status < 300) this.#isTaken = true
  }

  #failed(target: CallTarget, failure: Failure): void {
    this.#note(target, failure)
    const next = this.#isTaken || this.#isCancelled ? undefined : this.#after(target, failure)
    if (next) this.#goOn(next)
    else this.#needs.user.failed(failure)
  }

  #note({ destination, instead }: CallTarget, { type }: Failure): void {
    if (this.#isTaken) return
    const { ways } = this.#needs
    if (type === 'unreachable' && instead) ways.refusesStream(destination)
    else if (type === 'unreachable' || type === 'no response') ways.breaker.failed(destination)
  }

  /** Where the INVITE goes after a failure; `undefined` where that is the end of the call. */
  #after({ instead }: CallTarget, failure: Failure): CallTarget | undefined {
    if (failure.type === 'unreachable') return instead ?? this.#targets.shift()
    const isElsewhere =
      failure.type === 'no response' || (failure.type === 'refused' && failure.response.status === 503)
    return isElsewhere ? this.#targets.shift() : undefined
  }

  #goOn(next: CallTarget): void {
    const { call_id: callId, local_tag: fromTag, local_cseq } = this.#current.dialogState
    this.#target = next
    this.#current = this.#open(next, this.#needs.build(next.flow, { callId, fromTag, cseq: local_cseq + 1 }))
    this.send()
  }
}
