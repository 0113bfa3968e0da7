import type { Clock } from '#platform/time'
import type { Counters } from '../counters.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { serialise } from '../message/serialise.ts'
import type { Timers } from '../timers.ts'
import type { ClientTransaction } from '../transaction-user.ts'
import type { Flow } from '../transport/flow.ts'
import { inviteClient } from './invite-client.ts'
import { nonInviteClient } from './non-invite-client.ts'
import { Runner } from './runner.ts'
import type { ClientInput, ClientTell } from './step.ts'

/** What a client transaction needs of the stack. */
export interface ClientNeeds {
  readonly clock: Clock
  readonly timers: Timers
  readonly counters: Counters
  /** Hears every response that the machine lets through, a timeout, a failure. */
  tell(tell: ClientTell<SipResponse>): void
  ended(): void
}

/** One request that we sent, and its answers (RFC 3261 §17.1). */
export class SentRequest implements ClientTransaction {
  readonly request: SipRequest
  readonly #flow: Flow
  readonly #counters: Counters
  readonly #ended: () => void
  /** Gone with the last thing there is to tell: absorbing repeats takes 5 to 32 s, and keeps no call for so long. */
  #tell: ((tell: ClientTell<SipResponse>) => void) | undefined
  readonly #runner: Runner<{ at: string }, ClientInput<SipResponse>, SipRequest, ClientTell<SipResponse>>
  #lastSent: SipRequest | undefined
  #lastBytes: Buffer | undefined
  #stopWatching: (() => void) | undefined
  finished = false

  constructor(request: SipRequest, flow: Flow, needs: ClientNeeds) {
    this.request = request
    this.#flow = flow
    this.#counters = needs.counters
    this.#ended = needs.ended
    this.#tell = needs.tell
    const { clock, timers } = needs
    const { reliable } = flow
    const machine =
      request.method === 'INVITE'
        ? inviteClient({ invite: request, ackOf: (response) => ackOfRefusal(request, response), reliable, timers })
        : nonInviteClient({ request, reliable, timers })
    this.#runner = new Runner<{ at: string }, ClientInput<SipResponse>, SipRequest, ClientTell<SipResponse>>(machine, {
      clock,
      send: (message, again, failed) => this.#send(message, again, failed),
      tell: (tell) => this.#hear(tell),
      ended: () => {
        this.#stopWatching?.()
        this.#ended()
      },
    })
  }

  /** Sends it. A connection that breaks while it waits for its answer fails it at once (RFC 3261 §17.1.4). */
  begin(): void {
    this.#runner.begin()
    this.#stopWatching = this.#flow.onBroken((error) => this.#runner.on({ type: 'transport failed', error }))
  }

  receive(response: SipResponse): void {
    const { at } = this.#runner
    if (at === 'completed' || at === 'accepted') this.#counters.retransmissions_received++
    this.#runner.on({ type: 'response', response })
  }

  abandon(): void {
    this.finished = true
    this.drop()
    this.#ended()
  }

  drop(): void {
    this.#stopWatching?.()
    this.#runner.drop()
  }

  #hear(tell: ClientTell<SipResponse>): void {
    if (tell.type !== 'response' || tell.response.status >= 200) this.finished = true
    if (tell.type === 'timeout') this.#counters.client_timeouts++
    const user = this.#tell
    // of an INVITE more than one 2xx may come: each fork has its own
    const isOneOfMore = tell.type === 'response' && tell.response.status < 300 && this.request.method === 'INVITE'
    if (this.finished && !isOneOfMore) this.#tell = undefined
    user?.(tell)
  }

  #send(message: SipRequest, again: boolean, failed: (error: Error) => void): void {
    if (this.#lastSent !== message || !this.#lastBytes) {
      this.#lastBytes = serialise(message)
      this.#lastSent = message
    }
    this.#counters.requests_sent++
    if (again) this.#counters.retransmissions_sent++
    this.#flow.send(this.#lastBytes, failed)
  }
}

/** §17.1.1.3: the ACK of a 300 to 699 is the INVITE's own, same branch, with the To of the response. */
export function ackOfRefusal(invite: SipRequest, response: SipResponse): SipRequest {
  const headers = invite.headers.pick(['via', 'max-forwards', 'route', 'from', 'call-id'])
  headers.append('To', response.headers.get('to') ?? '')
  headers.append('CSeq', `${invite.cseq.number} ACK`)
  const ack = invite.withMethod('ACK', headers)
  return ack
}

/** §9.1: the CANCEL of an INVITE of ours: same Request-URI, branch, Route, To without tag and CSeq number. */
export function cancelOf(invite: SipRequest, extra: HeaderInput | undefined): SipRequest {
  const headers = invite.headers.pick(['via', 'max-forwards', 'route', 'from', 'to', 'call-id'])
  headers.append('CSeq', `${invite.cseq.number} CANCEL`)
  headers.appendExtra(extra)
  return invite.withMethod('CANCEL', headers)
}
