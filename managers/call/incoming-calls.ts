import type { Spender } from '#managers/billing'
import { billingErrors } from '#managers/billing/errors'
import type { Database } from '#platform/db'
import { ReasonedError } from '#platform/errors'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, Stopwatch } from '#platform/time'
import { IncomingLine, type LineDirectory, type LineNeeds, type ReplacedDialog } from '#telecom/line'
import { type HeaderInput, type IncomingInvite, SipError } from '#telecom/sip'
import { type AdmissionNeeds, type Called, type Entered, IncomingAdmission } from './admission.ts'
import { AnonymousCaps } from './anonymous-caps.ts'
import type { BeginGate } from './begin-gate.ts'
import type { Call } from './call.ts'
import type { CallWitness } from './call-witness.ts'
import { wantsPrivacy } from './caller-id.ts'
import { travelledBy } from './hops.ts'
import { withFlow } from './leg-maker.ts'
import type { PreparedFlow, PrepareIncoming } from './live-call.ts'
import { type LiveNeeds, LiveRunner } from './live-runner.ts'
import type { Meter } from './meter.ts'
import type { Metering } from './metering.ts'
import { entered, newIncomingCall } from './new-call.ts'
import type { Places } from './places.ts'
import { RETRY_WHEN_READY, type Refused, refuse, TurnedAway } from './refused.ts'
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
    const ready = await this.#needs.db.withDeadline(ADMISSION_MS, () => this.#letIn(invite, line, watch))
    if (!ready) return
    const { call, called, found: prepared, spender, meter } = ready
    const { hops, max_forwards: maxForwards } = travelledBy(invite.request)
    const isOwnPhone = call.source.type === 'extension'
    const live = new LiveRunner(this.#needs.live, {
      ...{ call, line, watch, free_only: called.anonymous, spender, isOwnPhone, rule: called.rule },
      ...(meter ? { meter } : {}),
      isPrivate: wantsPrivacy(invite.request),
      ...{ hops, maxForwards },
    })
    this.counters.admitted++
    this.#needs.admit(live)
    this.#leaving.set(live.id, called.leave)
    line.begin()
    live.begin()
    prepared.start(live)
    if (this.#needs.isStopping()) live.hangup('normal')
  }

  async #letIn(invite: IncomingInvite, line: IncomingLine, watch: Stopwatch) {
    const called = await this.#admission.find(invite.request, invite.source)
    if ('refusal' in called) return this.#turnAway(invite, line, called)
    const ready = await this.#makeReady(invite, called, { line, watch }, (call, spender) =>
      this.#findFlow(invite, called, { call, spender }),
    )
    return ready && { ...ready, call: withFlow(ready.call, ready.found), called }
  }

  /**
   * What the call begins with; `undefined` where the caller was turned away, or has gone. Whether its owner takes the call,
   * what it costs, its ports, and what `find` finds are asked for at the same time, because the caller waits for all of it;
   * the first of them that refuses decides.
   */
  async #makeReady<Found>(
    invite: IncomingInvite,
    called: Called,
    { line, watch }: { line: IncomingLine; watch: Stopwatch },
    find: (call: Call, spender: Spender) => Promise<Found>,
  ): Promise<{ call: Call; spender: Spender; meter: Meter | undefined; found: Found } | undefined> {
    const ringing = newIncomingCall(this.#needs.ids.uuid(), called, watch.now())
    const { spender = spenderOfCaller(ringing) } = called
    const [owner, metered, finding, sound] = await Promise.allSettled([
      this.#enter(called),
      this.#meter(ringing, spender),
      find(ringing, spender),
      prepareSound(line),
    ])
    try {
      const call = entered(ringing, given(owner))
      const meter = given(metered)
      const found = given(finding)
      given(sound)
      if (!line.ended) return { call, spender, meter, found }
      meter?.discard()
      called.leave()
      return undefined
    } catch (error) {
      if (metered.status === 'fulfilled') metered.value?.discard()
      called.leave()
      if (!(error instanceof TurnedAway)) throw error
      return this.#turnAway(invite, line, { customer_id: called.customer_id, ...error.refused })
    }
  }

  async #enter(called: Called): Promise<Entered> {
    const answer = await this.#admission.enter(called)
    if ('refusal' in answer) throw new TurnedAway(answer)
    return answer
  }

  /** What the call runs. */
  async #findFlow(
    { request }: IncomingInvite,
    { flow, anonymous }: Called,
    { call, spender }: { call: Call; spender: Spender },
  ): Promise<PreparedFlow> {
    const prepared = await this.#needs.prepareIncoming({
      call,
      flow,
      anonymous,
      spender,
      travelled: travelledBy(request),
    })
    if (!prepared) throw new TurnedAway(refuse(404, 'flow_not_found', 'its flow does not exist'))
    return prepared
  }

  /** Reserves what a call that comes in costs; callers from outside spend on nobody's account but the customer's. */
  async #meter(call: Call, spender: Spender): Promise<Meter | undefined> {
    try {
      return await this.#needs.metering.begin(call, spender)
    } catch (error) {
      if (!(error instanceof ReasonedError)) throw error
      const isLimit = billingErrors.SPENDING_LIMIT_REACHED.is(error) || billingErrors.SPENDING_NOT_ALLOWED.is(error)
      const refusal = isLimit ? 'spending_limit_reached' : 'insufficient_balance'
      throw new TurnedAway(refuse(DECLINE, refusal, error.reason))
    }
  }

  /** A phone of the customer's own calls in to take the place of a leg (RFC 3891); its call runs no flow. */
  async #takePlace(invite: IncomingInvite, line: IncomingLine, wanted: ReplacedDialog, watch: Stopwatch) {
    const { request, source } = invite
    const { db } = this.#needs
    const called = await db.withDeadline(ADMISSION_MS, () => this.#admission.find(request, source))
    if ('refusal' in called) return this.#refuse(line, called.status, called.headers)
    called.leave()
    if (called.source.type !== 'extension') return this.#refuse(line, 403)
    const replaced = this.#needs.transfers.replaceable(called.customer_id, wanted)
    if (typeof replaced === 'number') return this.#refuse(line, replaced)
    const withoutFlow = { ...called, flow: { actions: [] } }
    const ready = await db.withDeadline(ADMISSION_MS, () =>
      this.#makeReady(invite, withoutFlow, { line, watch }, () => Promise.resolve()),
    )
    if (!ready) return
    const { call, spender, meter } = ready
    const { hops, max_forwards: maxForwards } = travelledBy(request)
    const live = new LiveRunner(this.#needs.live, {
      ...{ call, line, watch, free_only: false, spender, isOwnPhone: true, hops, maxForwards },
      ...(meter ? { meter } : {}),
    })
    this.counters.admitted++
    this.#needs.admit(live)
    line.begin()
    live.begin()
    live.subscribe((input) => {
      if (input.type === 'answered') this.#needs.transfers.takePlace(live, replaced)
    })
    live.answer('takes a place')
    if (this.#needs.isStopping()) live.hangup('normal')
  }

  /** Whoever has gone meanwhile is told nothing; whoever is merely asked for a password is in no account. */
  #turnAway({ request, source }: IncomingInvite, line: IncomingLine, refused: Refused): undefined {
    const { status, refusal, customer_id, detail, headers } = refused
    if (line.ended) return
    this.#needs.log.debug({ status, refusal, detail }, 'a call was refused')
    const isAsked = status === 401 && !request.headers.has('authorization')
    if (customer_id !== undefined && !isAsked)
      this.#needs.witness?.refused({ customer_id, refusal, status, request, source })
    this.#refuse(line, status, headers)
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

/** Takes ports for the sound of a call that may be let in. */
async function prepareSound(line: IncomingLine): Promise<void> {
  const prepared = await line.prepare()
  if (prepared.ok) return
  const refusal = prepared.status === 503 ? 'platform_unavailable' : 'session_not_acceptable'
  throw new TurnedAway(refuse(prepared.status, refusal, prepared.why))
}

function given<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason
  return settled.value
}
