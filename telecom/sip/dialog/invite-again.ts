import type { DigestClient } from '../digest/client.ts'
import type { Identity } from '../identity.ts'
import type { HeaderInput } from '../message/headers.ts'
import { SipRequest, type SipResponse } from '../message/message.ts'
import { contactUri, requestVia } from '../outgoing.ts'
import type { Flow } from '../transport/flow.ts'
import { askFor, raisedBy, type SessionTimerPolicy } from './session-interval.ts'

/** How often an INVITE is sent again because the other side wants a longer session interval (RFC 4028 §7.3). */
const MOST_RAISES = 3

/**
 * What makes an INVITE of ours go out once more, as the next request of the same call: a challenge that we can answer
 * (RFC 3261 §22.2), and a 422 with a longer session interval (RFC 4028 §7.3).
 */
export class InviteAgain {
  readonly #digest: DigestClient | undefined
  #policy: SessionTimerPolicy
  #raises = 0
  #answers = 0

  constructor(policy: SessionTimerPolicy, digest: DigestClient | undefined) {
    this.#policy = policy
    this.#digest = digest
  }

  /** The session interval that the INVITE asks for by now. */
  get policy(): SessionTimerPolicy {
    return this.#policy
  }

  /** The INVITE that the refusal asks for, in a transaction of its own; `undefined` where the refusal stands. */
  after(refusal: SipResponse, invite: SipRequest, flow: Flow, branch: () => string): SipRequest | undefined {
    const wanted = this.#answered(refusal, invite) ?? this.#raised(refusal)
    if (!wanted) return undefined
    const shown = this.#digest?.headersFor({ method: 'INVITE', uri: invite.uriText, address: flow.remote.address })
    return nextInvite(invite, requestVia(flow, branch()), { ...wanted, ...shown })
  }

  #answered(refusal: SipResponse, invite: SipRequest): HeaderInput | undefined {
    if (!this.#digest?.take(invite, refusal, this.#answers)) return undefined
    this.#answers++
    return {}
  }

  #raised(refusal: SipResponse): HeaderInput | undefined {
    const policy = this.#raises < MOST_RAISES ? raisedBy(refusal, this.#policy) : undefined
    if (!policy) return undefined
    this.#raises++
    this.#policy = policy
    return askFor(policy, undefined)
  }
}

/** The same INVITE over another flow, with another number where it may have been sent already. */
export function inviteOver(invite: SipRequest, flow: Flow, identity: Identity, cseq: number): SipRequest {
  const headers = invite.headers.clone()
  headers.set('Via', requestVia(flow, identity.branch()))
  headers.set('Contact', `<${contactUri(identity.prefix, flow.listener)}>`)
  headers.set('CSeq', `${cseq} INVITE`)
  return new SipRequest({ method: 'INVITE', uri: invite.uriText, headers, body: invite.body })
}

/** The same request with the next CSeq; headers that are given take the place of those that were there. */
function nextInvite(invite: SipRequest, via: string, given: HeaderInput): SipRequest {
  const headers = invite.headers.clone()
  headers.set('Via', via)
  headers.set('CSeq', `${invite.cseq.number + 1} INVITE`)
  for (const name of Object.keys(given)) headers.delete(name)
  headers.appendAll(given)
  return new SipRequest({ method: 'INVITE', uri: invite.uriText, headers, body: invite.body })
}
