import { capabilities } from '../capabilities.ts'
import type { Core } from '../core.ts'
import { DigestClient } from '../digest/client.ts'
import type { SipRequest } from '../message/message.ts'
import { serialise } from '../message/serialise.ts'
import type { OpenCalls } from '../open-calls.ts'
import { buildRequest } from '../outgoing.ts'
import type { OutgoingCall, OutgoingCallUser, OutgoingInvite } from '../transaction-user.ts'
import { canonicalRemote, type Flow } from '../transport/flow.ts'
import type { Destination } from '../transport/resolve.ts'
import type { Ways } from '../ways.ts'
import { CallOverTargets, type CallTarget, type InviteIdentity } from './call-over-targets.ts'
import { OutgoingCallClient } from './outgoing-call.ts'
import { askFor } from './session-interval.ts'

/** Addresses of one callee that are tried. */
const MOST_TARGETS = 8

/** Makes calls of ours: the INVITE, and the ways that it may take. */
export class Calling {
  readonly #core: Core
  readonly #ways: Ways
  readonly #calls: OpenCalls

  constructor(core: Core, ways: Ways, calls: OpenCalls) {
    this.#core = core
    this.#ways = ways
    this.#calls = calls
  }

  /** Throws a `SipError` for parts that cannot be, an `Error` where no listener of ours leads there or too many are open. */
  call(outgoing: OutgoingInvite, user: OutgoingCallUser): OutgoingCall {
    const core = this.#core
    if (this.#calls.size >= core.limits.dialogs) {
      core.counters.refused_overload++
      throw new Error('too many dialogs are open')
    }
    const { via, credentials } = outgoing
    const build = (flow: Flow, identity?: InviteIdentity) => this.#invite(outgoing, flow, identity)
    const digestFor = (addresses: readonly string[]) =>
      credentials && new DigestClient(credentials, addresses, core.ids)
    const table = {
      opened: (call: OutgoingCallClient, invite: SipRequest) => this.#calls.addOutgoing(call, invite),
      over: (call: OutgoingCallClient, invite: SipRequest) => this.#calls.removeOutgoing(call, invite),
    }
    if ('flow' in via) {
      const { flow } = via
      const invite = build(flow)
      const digest = digestFor([flow.remote.address])
      const over = () => table.over(call, invite)
      const call: OutgoingCallClient = new OutgoingCallClient({
        core,
        invite,
        flow,
        routing: 'flow',
        user,
        digest,
        over,
      })
      table.opened(call, invite)
      return call
    }
    const [first, ...others] = this.#targets(destinationsOf(via), build)
    if (!first) throw new Error('no listener of ours reaches the target of this call')
    const targets = [first, ...others] as const
    const digest = digestFor(targets.map(({ destination }) => destination.remote.address))
    const streamFor = (target: CallTarget, bytes: number) => this.#streamFor(target, bytes)?.flow
    return new CallOverTargets(targets, { core, ways: this.#ways, user, digest, build, streamFor, ...table })
  }

  #invite(outgoing: OutgoingInvite, flow: Flow, identity: InviteIdentity | undefined): SipRequest {
    const { via: _, credentials: __, sdp, headers, ...parts } = outgoing
    return buildRequest(
      this.#core,
      {
        ...{ method: 'INVITE', ...parts, ...identity },
        headers: { ...capabilities(this.#core), ...askFor(this.#core.sessionTimer, undefined), ...headers },
        body: { type: 'application/sdp', content: sdp },
      },
      flow,
    )
  }

  /**
   * The ways in their order. One that begins at another address of ours than the first is left out: there the offer would
   * name an address that its sound does not come from.
   */
  #targets(destinations: readonly Destination[], build: (flow: Flow) => SipRequest): CallTarget[] {
    const leading = destinations.slice(0, MOST_TARGETS).flatMap((destination) => {
      const flow = this.#ways.flowTo(destination.remote, destination.transport)
      return flow ? [{ destination, flow }] : []
    })
    const [first] = leading
    if (!first) return []
    const from = first.flow.listener.local.address
    const bytes = serialise(build(first.flow)).length
    const beside = leading.filter(({ flow }) => flow.listener.local.address === from)
    return this.#ways.breaker.inOrder(beside, ({ destination }) => destination).map((one) => this.#sized(one, bytes))
  }

  #sized(target: CallTarget, bytes: number): CallTarget {
    const stream = this.#streamFor(target, bytes)
    return stream ? { ...stream, instead: target } : target
  }

  /** The stream that a large INVITE takes in place of a target, from the same address of ours: its offer names that one. */
  #streamFor({ destination, flow }: CallTarget, bytes: number): CallTarget | undefined {
    const over = this.#ways.streamFor(destination, bytes)
    const stream = over && this.#ways.flowTo(over.remote, over.transport)
    const isBeside = stream?.listener.local.address === flow.listener.local.address
    return over && stream && isBeside ? { destination: over, flow: stream } : undefined
  }
}

/** Where a call goes that is bound to no flow. */
export function destinationsOf(via: Exclude<OutgoingInvite['via'], { flow: Flow }>): readonly Destination[] {
  const targets = 'targets' in via ? via.targets : [{ remote: via.target, transport: via.transport ?? 'udp' } as const]
  return targets.map((target) => ({ ...target, remote: canonicalRemote(target.remote) }))
}
