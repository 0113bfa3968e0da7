import type { AgentRings } from '#managers/agent'
import type { Spender } from '#managers/billing'
import { billingErrors } from '#managers/billing/errors'
import type { CommandDoor } from '#platform/bus'
import type { Database } from '#platform/db'
import { ReasonedError } from '#platform/errors'
import { type Clock, Stopwatch } from '#platform/time'
import { IncomingLine, type LineDirectory, type LineNeeds, type ReplacedDialog } from '#telecom/line'
import { type HeaderInput, type IncomingInvite, SipError } from '#telecom/sip'
import { type Admission, type AdmissionNeeds, type Admitted, IncomingAdmission } from './admission.ts'
import { AnonymousCaps } from './anonymous-caps.ts'
import { AttemptMaker } from './attempt-maker.ts'
import { BeginGate } from './begin-gate.ts'
import type { Call, HangupReason } from './call.ts'
import { CallChecks, type CallChecksNeeds } from './call-checks.ts'
import { CallPlacer, type CallPlacerNeeds } from './call-placer.ts'
import { CallPlanner, type CallPlannerNeeds } from './call-planner.ts'
import type { EndAsker, Refusal } from './call-witness.ts'
import { wantsPrivacy } from './caller-id.ts'
import type { Control } from './control.ts'
import { carryOutControl } from './control-commands.ts'
import { dialledAddress } from './dialled-address.ts'
import { isEmergency } from './emergency.ts'
import { EngineCommands } from './engine-commands.ts'
import { callErrors } from './errors.ts'
import { GroupPlacer } from './group-placer.ts'
import { travelledBy } from './hops.ts'
import { LegMaker, type LegMakerNeeds, withFlow } from './leg-maker.ts'
import type { LiveCall, PreparedFlow, PrepareIncoming } from './live-call.ts'
import { LiveGroupcalls } from './live-groupcalls.ts'
import { type LiveNeeds, LiveRunner } from './live-runner.ts'
import type { Meter, MeterNeeds } from './meter.ts'
import { Metering } from './metering.ts'
import { newIncomingCall } from './new-call.ts'
import { PhoneJoins } from './phone-joins.ts'
import type { PlaceCallsRequest, PlacedCalls } from './place-calls.ts'
import { Places } from './places.ts'
import { RETRY_WHEN_READY } from './refused.ts'
import type { RingingLegs } from './ringing-leg.ts'
import { spenderOfCaller } from './spender.ts'
import { CallStore } from './store.ts'
import { carryOutStream, type StreamCommand } from './stream-commands.ts'
import { TransferDesk } from './transfer-desk.ts'
import { TransferStore } from './transfer-store.ts'

/** Above this age of the oldest waiting write the database counts as stalled. */
const OLDEST_WRITE_MS = 1_000
/** INVITEs that may be looked up at once. */
const MOST_PENDING = 500
/** How long letting a call in may take. */
const ADMISSION_MS = 3_000
/** How long `stop` waits for phones to answer our BYE, and for the last rows. */
const STOP_MS = 4_500
const DECLINE = 603

/** What calling out takes beyond what letting in does. */
export type CallingOutNeeds = Pick<CallPlannerNeeds, 'bindings' | 'flow' | 'resolve' | 'carriers' | 'numbers'> &
  Pick<LegMakerNeeds, 'createOutgoingLine' | 'prepareOutgoing'> &
  Omit<CallChecksNeeds, 'billing'>

export interface CallEngineNeeds extends Omit<LiveNeeds, 'callOut' | 'leg' | 'release' | 'transferAsked' | 'metering'> {
  db: Database
  commands: CommandDoor
  media: LineNeeds['media']
  line?: Pick<LineNeeds, 'mediaAddress' | 'deadMediaMs' | 'mediaWitness'>
  /** Where every line is found by its dialog, those of calls that go out too. */
  directory: LineDirectory
  admission: Omit<AdmissionNeeds, 'caps'>
  /** Calls without credentials per number and source: each second, and at the same time. */
  anonymousCaps: { perSecond: number; atOnce: number }
  /** Makes the flow of a call that was let in. */
  prepareIncoming: PrepareIncoming
  callingOut: CallingOutNeeds
  /** Hears of calls that ring at agents. */
  agentRings?: AgentRings
  /** What paid calls cost is reserved there, and how long they talk on while nobody can say whether they may. */
  metering: Pick<MeterNeeds, 'reservations' | 'undecidedMs'>
}

/** What the engine has done so far, for the metrics. */
export interface CallEngineCounters {
  admitted: number
  /** Legs of ours that were begun. */
  called: number
  /** By SIP status. */
  refused: Record<number, number>
}

/** The `call` role's calls: lets INVITEs in, calls out, owns the live ones, takes commands, ends them at a stop. */
export class CallEngine {
  readonly #needs: CallEngineNeeds
  readonly #clock: Clock
  readonly #admission: IncomingAdmission
  readonly #gate: BeginGate
  readonly #store: CallStore
  readonly #live: LiveNeeds
  readonly #metering: Metering
  readonly #placer: CallPlacer
  readonly #groupPlacer: GroupPlacer
  readonly #transfers: TransferDesk
  readonly #lives = new Map<string, LiveRunner>()
  readonly #groupcalls = new LiveGroupcalls()
  readonly #ringing: RingingLegs = new Map()
  /** What is to be done when a caller without credentials is over. */
  readonly #leaving = new Map<string, () => void>()
  readonly counters: CallEngineCounters = { admitted: 0, called: 0, refused: {} }
  readonly #places = new Places(MOST_PENDING)
  readonly #commands: EngineCommands
  #stopping = false

  constructor(needs: CallEngineNeeds) {
    this.#needs = needs
    this.#clock = needs.clock
    this.#store = new CallStore(needs.db)
    const { clock, db, lanes } = needs
    this.#gate = new BeginGate({ clock, writable: () => lanes.oldestMs <= OLDEST_WRITE_MS && db.available() })
    const caps = new AnonymousCaps(needs.clock, needs.anonymousCaps)
    this.#admission = new IncomingAdmission({ ...needs.admission, caps })
    const leg = (call_id: string) => this.#lives.get(call_id)
    this.#metering = new Metering({ ...needs.metering, clock, log: needs.log })
    this.#live = {
      ...needs,
      metering: this.#metering,
      callOut: (...call) => this.#placer.callOut(...call),
      leg,
      release: (live) => this.#release(live),
      transferAsked: (live, transfer) => this.#transfers.asked(live, transfer),
    }
    const placing = this.#placing(leg)
    this.#placer = new CallPlacer(placing)
    this.#groupPlacer = new GroupPlacer(placing)
    this.#transfers = this.#makeTransferDesk(leg)
    this.#commands = new EngineCommands({
      ...{ door: needs.commands, places: this.#places, leg },
      ...{ placer: this.#placer, groupPlacer: this.#groupPlacer },
      ...{ groupcalls: this.#groupcalls, transfers: this.#transfers },
    })
  }

  /** Takes commands from the bus from now on. */
  start(): void {
    this.#commands.start()
  }

  /** Calls that live, or whose last write is not on disk yet. */
  get size(): number {
    return this.#lives.size
  }

  /** A live call by its id. */
  live(call_id: string): LiveCall | undefined {
    return this.#lives.get(call_id)
  }

  /** How a call of this customer ended; `undefined` while it lives, and when it is not this customer's. */
  async hangupReasonOf(customer: string, call_id: string): Promise<HangupReason | undefined> {
    const live = this.#lives.get(call_id)
    const call = live?.customer_id === customer ? live.snapshot() : await this.#store.find(customer, call_id)
    return call?.status === 'hangup' && call.hangup_reason !== '' ? call.hangup_reason : undefined
  }

  /**
   * Asks a live call of this node for something beside what its flow does: for actions of flows. `key` is that of the effect.
   * Throws `CALL_NOT_FOUND`, or the reason of the refusal.
   */
  async control(customer: string, call_id: string, control: Control, key: string): Promise<void> {
    const live = this.#liveOf(customer, call_id)
    if (!live) throw callErrors.CALL_NOT_FOUND({ call_id })
    await carryOutControl(live, key, control)
  }

  /**
   * Joins a program with a live call of this node, or ends that: for actions of flows, like `control`. Whether the address
   * may be reached is for the caller of this to know.
   */
  async stream(command: StreamCommand): Promise<void> {
    const live = this.#liveOf(command.customer_id, command.call_id)
    if (!live) throw callErrors.CALL_NOT_FOUND({ call_id: command.call_id })
    await carryOutStream(live, command)
  }

  /** `TransactionUser.invite`: a call comes in. */
  invite(invite: IncomingInvite) {
    const { ids, log, media, directory, line: lineNeeds } = this.#needs
    const line = new IncomingLine(invite, { clock: this.#clock, ids, log, media, directory, ...lineNeeds })
    const leave = this.#stopping ? undefined : this.#places.enter()
    if (!leave) return this.#refuse(line, 503, RETRY_WHEN_READY)
    const watch = new Stopwatch(this.#clock)
    this.#receive(invite, line, watch)
      .catch((error: unknown) => this.#failed(line, error))
      .finally(leave)
  }

  /** Makes outgoing calls; a repeat under the same key makes none again. Rejects when nothing was created. */
  place(request: PlaceCallsRequest, key: string): Promise<PlacedCalls> {
    return this.#placer.place(request, key)
  }

  /** Takes no requests for calls any more; what lives may still call others. */
  drain(): void {
    this.#commands.drain()
  }

  /** Whose calls live here. */
  *customers(): Iterable<string> {
    for (const { customer_id } of this.#lives.values()) yield customer_id
  }

  /** Ends every live call of a customer; those for help end by themselves. */
  endAll(customer: string): void {
    for (const live of this.#lives.values())
      if (live.customer_id === customer && !isEmergency(live.snapshot().destination)) this.#end(live, 'account_closed')
  }

  /** Lets nothing in any more, ends live calls by BYE, and waits until they are over and on disk, at most 4.5 s. */
  async stop(): Promise<void> {
    this.#stopping = true
    const ended = Promise.all(
      [...this.#lives.values()].map((live) => new Promise<void>((done) => live.whenStored(done))),
    )
    for (const live of this.#lives.values()) this.#end(live, 'platform_stop')
    await Promise.race([ended, new Promise<void>((resolve) => this.#clock.after(STOP_MS, resolve))])
    this.#commands.stop()
  }

  /**
   * The look-ups have a deadline; what lives on afterwards must not inherit it, so the call begins outside of them.
   */
  async #receive(invite: IncomingInvite, line: IncomingLine, watch: Stopwatch): Promise<void> {
    if (!(await this.#gate.pass())) return this.#refuse(line, 503, RETRY_WHEN_READY)
    if (line.replaces) return this.#takePlace(invite, line, line.replaces, watch)
    const let_in = await this.#needs.db.withDeadline(ADMISSION_MS, () => this.#letIn(invite, line, watch))
    if (!let_in) return
    const { admitted, prepared, call } = let_in
    const { anonymous: free_only, leave } = admitted
    const { spender, meter } = let_in
    const { hops, max_forwards: maxForwards } = travelledBy(invite.request)
    const live = new LiveRunner(this.#live, {
      ...{ call, line, watch, free_only, spender, isOwnPhone: call.source.type === 'extension', rule: admitted.rule },
      ...(meter ? { meter } : {}),
      isPrivate: wantsPrivacy(invite.request),
      ...{ hops, maxForwards },
    })
    this.counters.admitted++
    this.#lives.set(live.id, live)
    this.#leaving.set(live.id, leave)
    live.begin()
    prepared.start(live)
    if (this.#stopping) live.hangup('normal')
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
      return await this.#metering.begin(call, spender)
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
    const replaced = this.#transfers.replaceable(admission.customer_id, wanted)
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
    const live = new LiveRunner(this.#live, {
      ...{ call, line, watch, free_only: false, spender, isOwnPhone: true, hops, maxForwards },
      ...(meter ? { meter } : {}),
    })
    this.counters.admitted++
    this.#lives.set(live.id, live)
    live.begin()
    live.subscribe((input) => {
      if (input.type === 'answered') this.#transfers.takePlace(live, replaced)
    })
    live.answer('takes a place')
    if (this.#stopping) live.hangup('normal')
  }

  /** What it takes to call somebody. */
  #placing(leg: (call_id: string) => LiveRunner | undefined): CallPlacerNeeds {
    const { clock, ids, log, lanes, db, node, incarnation, admission, callingOut, agentRings } = this.#needs
    const { base, callees, billing } = admission
    const checks = new CallChecks({ ...callingOut, billing })
    const legs = new LegMaker({
      ...{ ...this.#live, ...callingOut, base, ringing: this.#ringing },
      admit: (live) => this.#admit(live),
    })
    const attempts = new AttemptMaker({
      ...{ clock, ids, log, lanes, node, incarnation, legs },
      ...(agentRings ? { agentRings } : {}),
      admit: (group) => this.#groupcalls.admit(group),
      release: (group) => this.#groupcalls.release(group),
      mayBegin: () => !this.#stopping,
    })
    const planner = new CallPlanner({ ...callees, ...callingOut, base }, checks)
    const pass = async () => !this.#stopping && (await this.#gate.pass())
    return { clock, ids, db, checks, planner, attempts, leg, pass }
  }

  #makeTransferDesk(leg: (call_id: string) => LiveRunner | undefined): TransferDesk {
    const { clock, ids, log, lanes, db, node, incarnation, directory, admission } = this.#needs
    const { base, callees } = admission
    const basics = { clock, ids, log, lanes, node, incarnation, leg }
    const legOfLine = (line_id: string) => [...this.#lives.values()].find(({ line }) => line.id === line_id)
    return new TransferDesk({
      ...basics,
      store: new TransferStore(db),
      groups: this.#groupPlacer,
      ringing: this.#ringing,
      joins: new PhoneJoins({ ...basics, directory, legOfLine }),
      dialled: (dialled) => dialledAddress({ base, callees }, dialled),
    })
  }

  #admit(live: LiveRunner): void {
    this.counters.called++
    this.#lives.set(live.id, live)
    if (this.#stopping) queueMicrotask(() => live.hangup('normal'))
  }

  #release(live: LiveRunner): void {
    this.#leaving.get(live.id)?.()
    this.#leaving.delete(live.id)
    void live.written.then(() => this.#lives.delete(live.id))
  }

  #end(live: LiveRunner, by: EndAsker): void {
    live.hangup('normal', undefined, by)
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

  /** A live call of this customer. */
  #liveOf(customer: string, call_id: string): LiveRunner | undefined {
    const live = this.#lives.get(call_id)
    return live?.customer_id === customer ? live : undefined
  }
}
