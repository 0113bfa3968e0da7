import { CAUSE, IncomingLine, type LineEvent, OutgoingLine, reasonHeader } from '#telecom/line'
import type { HeaderInput, IncomingInvite } from '#telecom/sip'
import type { CallRecord } from './call-record.ts'
import type { CallParts } from './carrier.ts'
import { type CarrierCall, note } from './carrier-call.ts'

/** A request that has passed so many others is going in circles (RFC 3261 §16.3). */
const TOO_MANY_HOPS = 483

/**
 * A call to a number that a customer of the platform has bought: the carrier takes it like any network would, and calls the
 * platform in its turn. Two legs, each with its own offer and sound; what is heard on one is sounded on the other.
 */
export function passThrough(
  invite: IncomingInvite,
  to: { uri: string; from: string; headers: HeaderInput },
  record: CallRecord,
  parts: CallParts & Required<Pick<CallParts, 'trunk'>>,
): CarrierCall {
  const caller = new IncomingLine(invite, parts.lineNeeds([]))
  const hops = Number(invite.request.headers.get('max-forwards') ?? 70)
  const call = new ThroughCall(caller, record, parts)
  if (hops <= 1) caller.refuse(TOO_MANY_HOPS)
  else void call.dial(to, hops - 1)
  return call
}

class ThroughCall implements CarrierCall {
  readonly record: CallRecord
  readonly #caller: IncomingLine
  readonly #parts: CallParts & Required<Pick<CallParts, 'trunk'>>
  #callee: OutgoingLine | undefined

  constructor(caller: IncomingLine, record: CallRecord, parts: CallParts & Required<Pick<CallParts, 'trunk'>>) {
    this.record = record
    this.#caller = caller
    this.#parts = parts
    caller.listen((event) => {
      note(record, event, parts.clock)
      if (event.type !== 'ended') return
      this.#callee?.hangup(event.cause)
      parts.over(this)
    })
  }

  hangUp(cause: number): void {
    this.#caller.hangup(cause)
  }

  async dial(to: { uri: string; from: string; headers: HeaderInput }, maxForwards: number): Promise<void> {
    const caller = this.#caller
    const { trunk, sip, log } = this.#parts
    try {
      const opened = await caller.open()
      if (!opened.ok) return caller.refuse(opened.status)
      const callee = new OutgoingLine(
        { ...to, via: trunk, maxForwards, ...codecsOf(caller) },
        { ...this.#parts.lineNeeds([]), sip },
      )
      this.#callee = callee
      callee.listen((event) => this.#of(callee, event))
      await callee.open()
      if (caller.ended) return callee.hangup(CAUSE.normal)
      callee.dial()
    } catch (error) {
      log.warn({ err: error }, 'a call could not be passed on')
      caller.refuse(503)
    }
  }

  /** What the platform's end of the call tells. */
  #of(callee: OutgoingLine, event: LineEvent): void {
    const caller = this.#caller
    if (event.type === 'ringing') caller.ring()
    if (event.type === 'answered') caller.answer()
    if (event.type === 'early_media' || event.type === 'answered') this.#join(callee)
    if (event.type !== 'ended') return
    if (event.status === undefined || caller.answered) caller.hangup(event.cause)
    else caller.refuse(event.status, { Reason: reasonHeader(event.cause) })
  }

  #join(callee: OutgoingLine): void {
    this.#caller.bridge(callee)
    callee.bridge(this.#caller)
  }
}

/** The codec of the one leg first on the other, so that nothing has to be transcoded. */
function codecsOf({ codec }: IncomingLine): { codecs?: ('PCMU' | 'PCMA')[] } {
  return codec === 'PCMA' ? { codecs: ['PCMA', 'PCMU'] } : {}
}
