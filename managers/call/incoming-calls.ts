import type { Spender } from '#managers/billing'
import { billingErrors } from '#managers/billing/errors'
import type { Database } from '#platform/db'
import { ReasonedError } from '#platform/errors'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, Stopwatch } from '#platform/time'
import { IncomingLine, type LineDirectory, type LineNeeds, type ReplacedDialog } from '#telecom/line'
import { type HeaderInput, type IncomingInvite, SipError } from '#telecom/sip'
import { type Admission, type AdmissionNeeds, type Admitted, IncomingAdmission } from './admission.ts'
import { AnonymousCaps } from './anonymous-caps.ts'
import type { BeginGate } from './begin-gate.ts'
import type { Call } from './call.ts'
import type { CallWitness, Refusal } from './call-witness.ts'
import { wantsPrivacy } from './caller-id.ts'
import { travelledBy } from './hops.ts'
import { withFlow } from './leg-maker.ts'
import type { PreparedFlow, PrepareIncoming } from './live-call.ts'
import { type LiveNeeds, LiveRunner } from './live-runner.ts'
import type { Meter } from './meter.ts'
import type { Metering } from './metering.ts'
import { newIncomingCall } from './new-call.ts'
import type { Places } from './places.ts'
import { RETRY_WHEN_READY } from './refused.ts'
import { spenderOfCaller } from './spender.ts'
import type { TransferDesk } from './transfer-desk.ts'

/** How long letting a call in may take. */
const ADMISSION_MS = 3_000
const DECLINE = 603

export interface IncomingCallsNeeds {
  clock: Clock
  ids: Ids
  log: Log
  db: Database
  media: LineNeeds['media']
  line?: Pick<LineNeeds, 'mediaAddress' | 'deadMediaMs' | 'mediaWitness'>
  /** Where every line is found by its dialog, those of calls that go out too. */
  directory: LineDirectory
  admission: Omit<AdmissionNeeds, 'caps'>
  /** Calls without credentials per number and source: each second, and at the same time. */
  anonymousCaps: { perSecond: number; atOnce: number }
  /** Makes the flow of a call that was let in. */
  prepareIncoming: PrepareIncoming
  witness?: CallWitness
  gate: Pick<BeginGate, 'pass'>
  places: Pick<Places, 'enter'>
  metering: Pick<Metering, 'begin'>
  live: LiveNeeds
  transfers: Pick<TransferDesk, 'replaceable' | 'takePlace'>
  /** It lives from now on. */
  admit(live: LiveRunner): void
  isStopping(): boolean
}

/** Lets calls in, or refuses them: who calls, what the call runs, what it costs, and its line. */
export class IncomingCalls {
  readonly #needs: IncomingCallsNeeds
  readonly #admission: IncomingAdmission
  /** What is to be done when a caller without credentials is over. */
  readonly #leaving = new Map<string, () => void>()
  /** `refused` by SIP status. */
  readonly counters: { admitted: number; refused: Record<number, number> } = { admitted: 0, refused: {} }

  constructor(needs: IncomingCallsNeeds) {
    this.#needs = needs
    const caps = new AnonymousCaps(needs.clock, needs.anonymousCaps)
    this.#admission = new IncomingAdmission({ ...needs.admission, caps })
  }

  /** `TransactionUser.invite`: a call comes in. */
  invite(invite: IncomingInvite) {
    const { clock, ids, log, media, directory, line: lineNeeds } = this.#needs
    const line = new IncomingLine(invite, { clock, ids, log, media, directory, ...lineNeeds })
    const leave = this.#needs.isStopping() ? undefined : this.#needs.places.enter()
    if (!leave) return this.#refuse(line, 503, RETRY_WHEN_READY)
    const watch = new Stopwatch(clock)
    this.#receive(invite, line, watch)
      .catch((error: unknown) => this.#failed(line, error))
      .finally(leave)
  }

  /** This call is over: whoever called without credentials may call again. */
  left(call_id: string): void {
    this.#leaving.get(call_id)?.()
    this.#leaving.delete(call_id)
  }

  /**
   * The look-ups have a deadline; what lives on afterwards must not inherit it, so the call begins outside of them.
   */
  async #receive(invite: IncomingInvite, line: IncomingLine, watch: Stopwatch): Promise<void> {
    if (!(await this.#needs.gate.pass())) return this.#refuse(line, 503, RETRY_WHEN_READY)
    if (line.replaces) return this.#takePlace(invite, line, line.replaces, watch)
    const let_in = await this.#needs.db.withDeadline(ADMISSION_MS, () => this.#letIn(invite, line, watch))
    if (!let_in) return
    const { admitted, prepared, call } = let_in
    const { anonymous: free_only, leave } = admitted
    const { spender, meter } = let_in
    const { hops, max_forwards: maxForwards } = travelledBy(invite.request)
    const live = new LiveRunner(this.#needs.live, {
      ...{ call, line, watch, free_only, spender, isOwnPhone: call.source.type === 'extension', rule: admitted.rule },
      ...(meter ? { meter } : {}),
      isPrivate: wantsPrivacy(invite.request),
      ...{ hops, maxForwards },
    })
    this.counters.admitted++
    this.#needs.admit(live)
    this.#leaving.set(live.id, leave)
    live.begin()
    prepared.start(live)
    if (this.#needs.isStopping()) live.hangup('normal')
  }

  async #letIn(invite: IncomingInvite, line: IncomingLine, watch: Stopwatch) {
    const admission = await this.#admission.decide(invite.request, invite.source)
    if (!admission.admitted) {
      const { status, refusal, customer_id, detail } = admission
      this.#needs.log.debug({ status, refusal, detail }, 'a call was refused')
      const isAsked = status === 401 && !invite.request.headers.has('authorization')
      if (customer_id !== undefined && !isAsked) this.#witnessRefusal(invite, { customer_id, refusal, status })
      return this.#refuse(line, admission.status, admission.headers)
    }
    try {
      const begun = await this.#prepare(invite, admission, line, watch)
      if (!begun) admission.leave()
      return begun
    } catch (error) {
      admission.leave()
      throw error
    }
  }

  /** Nothing of the call sounds before what it costs is reserved; what it runs is found meanwhile. */
  async #prepare(invite: IncomingInvite, admitted: Admission & Admitted, line: IncomingLine, watch: Stopwatch) {
    const call = newIncomingCall(this.#needs.ids.uuid(), admitted, watch.now())
    const { spender = spenderOfCaller(call) } = admitted
    const [metered, found] = await Promise.allSettled([
      this.#meter(invite, line, { call, spender }),
      this.#findFlow(invite, admitted, line, { call, spender }),
    ])
    if (metered.status === 'rejected') throw metered.reason
    const meter = metered.value
    if (meter === 'refused') return undefined
    try {
      if (found.status === 'rejected') throw found.reason
      const prepared = found.value
      if (prepared && (await this.#open(invite, admitted, line)))
        return { admitted, prepared, call: withFlow(call, prepared), spender, meter }
    } catch (error) {
      meter?.discard()
      throw error
    }
    meter?.discard()
    return undefined
  }

  /** What the call runs; `undefined` where the caller was refused, or has gone. */
  async #findFlow(
    invite: IncomingInvite,
    { customer_id, flow, anonymous }: Admitted,
    line: IncomingLine,
    { call, spender }: { call: Call; spender: Spender },
  ): Promise<PreparedFlow | undefined> {
    const travelled = travelledBy(invite.request)
    const prepared = await this.#needs.prepareIncoming({ call, flow, anonymous, spender, travelled })
    if (prepared || line.ended) return prepared
    const { flow_id } = call
    this.#needs.log.info({ customer_id, flow_id }, 'a call was refused: its flow does not exist')
    this.#witnessRefusal(invite, { customer_id, refusal: 'flow_not_found', status: 404 })
    return this.#refuse(line, 404)
  }

  /** Opens the line; false where the caller was refused, or has gone. */
  async #open(invite: IncomingInvite, { customer_id }: Admitted, line: IncomingLine): Promise<boolean> {
    if (line.ended) return false
    const opened = await line.open()
    if (line.ended) return false
    if (opened.ok) return true
    const refusal = opened.status === 503 ? 'platform_unavailable' : 'session_not_acceptable'
    this.#witnessRefusal(invite, { customer_id, refusal, status: opened.status })
    this.#refuse(line, opened.status)
    return false
  }

  /** Reserves what a call that comes in costs; callers from outside spend on nobody's account but the customer's. */
  async #meter(
    invite: IncomingInvite,
    line: IncomingLine,
    { call, spender }: { call: Call; spender: Spender },
  ): Promise<Meter | undefined | 'refused'> {
    try {
      return await this.#needs.metering.begin(call, spender)
    } catch (error) {
      if (!(error instanceof ReasonedError)) throw error
      if (line.ended) return 'refused'
      const isLimit = billingErrors.SPENDING_LIMIT_REACHED.is(error) || billingErrors.SPENDING_NOT_ALLOWED.is(error)
      const refusal = isLimit ? 'spending_limit_reached' : 'insufficient_balance'
      this.#witnessRefusal(invite, { customer_id: call.customer_id, refusal, status: DECLINE })
      this.#refuse(line, DECLINE)
      return 'refused'
    }
  }

  /** A phone of the customer's own calls in to take the place of a leg (RFC 3891); its call runs no flow. */
  async #takePlace(invite: IncomingInvite, line: IncomingLine, wanted: ReplacedDialog, watch: Stopwatch) {
    const { db, ids } = this.#needs
    const { request, source } = invite
    const admission = await db.withDeadline(ADMISSION_MS, () => this.#admission.decide(request, source))
    if (!admission.admitted) return this.#refuse(line, admission.status, admission.headers)
    admission.leave()
    if (admission.source.type !== 'extension') return this.#refuse(line, 403)
    const replaced = this.#needs.transfers.replaceable(admission.customer_id, wanted)
    if (typeof replaced === 'number') return this.#refuse(line, replaced)
    const call = newIncomingCall(ids.uuid(), { ...admission, flow: { actions: [] } }, watch.now())
    const spender = spenderOfCaller(call)
    const meter = await this.#meter(invite, line, { call, spender })
    if (meter === 'refused') return
    const opened = await line.open().catch((error: unknown) => {
      meter?.discard()
      throw error
    })
    if (!opened.ok || line.ended) {
      meter?.discard()
      if (!opened.ok) this.#refuse(line, opened.status)
      return
    }
    const { hops, max_forwards: maxForwards } = travelledBy(request)
    const live = new LiveRunner(this.#needs.live, {
      ...{ call, line, watch, free_only: false, spender, isOwnPhone: true, hops, maxForwards },
      ...(meter ? { meter } : {}),
    })
    this.counters.admitted++
    this.#needs.admit(live)
    live.begin()
    live.subscribe((input) => {
      if (input.type === 'answered') this.#needs.transfers.takePlace(live, replaced)
    })
    live.answer('takes a place')
    if (this.#needs.isStopping()) live.hangup('normal')
  }

  #witnessRefusal(
    { request, source }: IncomingInvite,
    refused: { customer_id: string; refusal: Refusal; status: number },
  ): void {
    this.#needs.witness?.refused({ ...refused, request, source })
  }

  #refuse(line: IncomingLine, status: number, headers?: HeaderInput): undefined {
    this.counters.refused[status] = (this.counters.refused[status] ?? 0) + 1
    line.refuse(status, headers)
  }

  /** 503 says that nothing was created: the caller, or the edge in front, may try elsewhere. */
  #failed(line: IncomingLine, error: unknown) {
    if (error instanceof SipError) return this.#refuse(line, error.status)
    this.#needs.log.warn({ error }, 'a call could not be let in')
    this.#refuse(line, 503, RETRY_WHEN_READY)
  }
}
