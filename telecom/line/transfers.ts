import type { Ids } from '#platform/ids'
import type { Clock, Timer } from '#platform/time'
import {
  type Dialog,
  type DialogRequest,
  type Outcome,
  type ReferTo,
  readRefer,
  reasonPhrase,
  SipError,
} from '#telecom/sip'
import type { LineEvent } from './line-event.ts'

/** A request has to be answered well before its sender gives it up (32 s). */
const DECIDE_MS = 10_000
/** How long a phone hears of one transfer (RFC 3515 §2.4.4); longer than any call rings. */
const SUBSCRIPTION_MS = 300_000
/** Transfers that one dialog may ask for: a phone that transfers to itself would go on for ever. */
const MOST_TRANSFERS = 20

interface Open {
  readonly id: string
  readonly request: DialogRequest
  /** The Event of its NOTIFYs. */
  readonly event: string
  /** The phone wants no NOTIFY (RFC 4488). */
  readonly quiet: boolean
  accepted: boolean
  readonly endsAtMs: number
}

/** The transfers that a phone asks for in its dialog (REFER, RFC 3515): one at a time, its progress told by NOTIFY. */
export class Transfers {
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #dialog: () => Dialog | undefined
  readonly #tell: (event: LineEvent & { type: 'transfer_asked' }) => void
  #open: Open | undefined
  #timer: Timer | undefined
  #asked = 0
  /** A NOTIFY is under way; the next one waits, so that none overtakes another. */
  #notifying = false
  #next: { open: Open; status: number; over: 'noresource' | 'timeout' | undefined } | undefined

  constructor(needs: {
    clock: Clock
    ids: Ids
    /** `undefined` before the answer. */
    dialog: () => Dialog | undefined
    tell: (event: LineEvent & { type: 'transfer_asked' }) => void
  }) {
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#dialog = needs.dialog
    this.#tell = needs.tell
  }

  /** A REFER of the phone. */
  refer(request: DialogRequest): void {
    const refused = this.#refusal()
    if (refused) {
      request.respond(refused.status, { reason: refused.reason })
      return
    }
    const wanted = this.#read(request)
    if (!wanted) return
    const { target, replaces, referredBy } = wanted
    this.#asked++
    const open: Open = {
      id: this.#ids.uuid(),
      request,
      event: `refer;id=${request.request.cseq.number}`,
      quiet: wantsNoNotify(request),
      accepted: false,
      endsAtMs: this.#clock.monotonicMs() + SUBSCRIPTION_MS,
    }
    this.#open = open
    this.#timer = this.#clock.after(DECIDE_MS, () => this.refuse(open.id, 603))
    const transfer = { id: open.id, target, referred_by: referredBy, ...(replaces ? { replaces } : {}) }
    this.#tell({ type: 'transfer_asked', transfer })
  }

  /** A SUBSCRIBE to what a REFER began: it can be ended, and lives no longer for being asked again. */
  subscribe(request: DialogRequest) {
    const event = request.request.headers.get('event') ?? ''
    const open = this.#open
    if (!/^refer([ \t;]|$)/i.test(event)) return request.respond(489)
    const isMeant = open?.accepted && !open.quiet && [open.event, 'refer'].includes(event.replace(/[ \t]/g, ''))
    if (!open || !isMeant) return request.respond(481)
    const leftSeconds = Math.ceil((open.endsAtMs - this.#clock.monotonicMs()) / 1_000)
    const isEnd = request.request.headers.get('expires') === '0'
    request.respond(200, { headers: { ...this.#contact(), Expires: isEnd ? '0' : String(leftSeconds) } })
    if (isEnd) this.#timedOut(open)
  }

  accept(id: string): boolean {
    const open = this.#open
    if (open?.id !== id || open.accepted) return false
    open.accepted = true
    this.#timer?.cancel()
    this.#timer = this.#clock.after(open.endsAtMs - this.#clock.monotonicMs(), () => this.#timedOut(open))
    open.request.respond(202, { headers: { ...this.#contact(), ...(open.quiet ? { 'Refer-Sub': 'false' } : {}) } })
    this.#notify({ open, status: 100, over: undefined })
    return true
  }

  report(id: string, status: number): void {
    const open = this.#open
    if (open?.id !== id || !open.accepted || status < 100 || status > 699) return
    if (status >= 200) this.#close()
    this.#notify({ open, status, over: status >= 200 ? 'noresource' : undefined })
  }

  refuse(id: string, status: number): void {
    const open = this.#open
    if (open?.id !== id || open.accepted) return
    this.#close()
    open.request.respond(status >= 400 && status <= 699 ? status : 603)
  }

  /** The dialog is over: what waits for a decision is answered, and nothing is told any more. */
  end(): void {
    const open = this.#open
    this.#next = undefined
    if (open && !open.accepted) this.refuse(open.id, 481)
    else this.#close()
  }

  #refusal(): { status: number; reason: string } | undefined {
    if (!this.#dialog()) return { status: 403, reason: 'Not Answered Yet' }
    if (this.#open) return { status: 491, reason: 'Another Transfer Is Pending' }
    if (this.#asked >= MOST_TRANSFERS) return { status: 403, reason: 'Too Many Transfers' }
    return undefined
  }

  #read(request: DialogRequest): ReferTo | undefined {
    try {
      return readRefer(request.request)
    } catch (error) {
      if (!(error instanceof SipError)) throw error
      request.respond(error.status, { reason: error.message })
      return undefined
    }
  }

  #timedOut(open: Open): void {
    if (this.#open !== open) return
    this.#close()
    this.#notify({ open, status: 100, over: 'timeout' })
  }

  #close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#open = undefined
  }

  #notify(wanted: { open: Open; status: number; over: 'noresource' | 'timeout' | undefined }): void {
    const dialog = this.#dialog()
    if (wanted.open.quiet || !dialog || dialog.ended) return
    if (this.#notifying) {
      this.#next = wanted
      return
    }
    const { open, status, over } = wanted
    const leftSeconds = Math.max(1, Math.ceil((open.endsAtMs - this.#clock.monotonicMs()) / 1_000))
    this.#notifying = true
    dialog.request(
      'NOTIFY',
      {
        headers: {
          Event: open.event,
          'Subscription-State': over ? `terminated;reason=${over}` : `active;expires=${leftSeconds}`,
        },
        body: { type: 'message/sipfrag;version=2.0', content: `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n` },
      },
      (outcome) => this.#notified(open, outcome),
    )
  }

  #notified(open: Open, outcome: Outcome): void {
    this.#notifying = false
    const next = this.#next
    this.#next = undefined
    const isHeard = outcome.type === 'response' && outcome.response.status < 300
    if (next && (isHeard || next.open !== open)) this.#notify(next)
    // RFC 6665 §4.2.2: who does not take a NOTIFY wants no further one
    else if (!isHeard && this.#open === open) this.#close()
  }

  #contact(): { Contact: string } | undefined {
    const dialog = this.#dialog()
    return dialog && { Contact: `<${dialog.state.local_contact}>` }
  }
}

/** RFC 4488 §4. */
function wantsNoNotify({ request }: DialogRequest): boolean {
  return request.headers.get('refer-sub')?.split(';')[0]?.trim().toLowerCase() === 'false'
}
