import type { AgentRings } from '#managers/agent'
import type { CommandDoor } from '#platform/bus'
import type { Clock } from '#platform/time'
import type { IncomingInvite } from '#telecom/sip'
import { AttemptMaker } from './attempt-maker.ts'
import { BeginGate } from './begin-gate.ts'
import type { HangupReason } from './call.ts'
import { CallChecks, type CallChecksNeeds } from './call-checks.ts'
import { CallPlacer, type CallPlacerNeeds } from './call-placer.ts'
import { CallPlanner, type CallPlannerNeeds } from './call-planner.ts'
import type { EndAsker } from './call-witness.ts'
import type { Control } from './control.ts'
import { carryOutControl } from './control-commands.ts'
import { dialledAddress } from './dialled-address.ts'
import { isEmergency } from './emergency.ts'
import { EngineCommands } from './engine-commands.ts'
import { callErrors } from './errors.ts'
import { GroupPlacer } from './group-placer.ts'
import { IncomingCalls, type IncomingCallsNeeds } from './incoming-calls.ts'
import { LegMaker, type LegMakerNeeds } from './leg-maker.ts'
import type { LiveCall } from './live-call.ts'
import { LiveGroupcalls } from './live-groupcalls.ts'
import type { LiveNeeds, LiveRunner } from './live-runner.ts'
import type { MeterNeeds } from './meter.ts'
import { Metering } from './metering.ts'
import { PhoneJoins } from './phone-joins.ts'
import type { PlaceCallsRequest, PlacedCalls } from './place-calls.ts'
import { Places } from './places.ts'
import type { RingingLegs } from './ringing-leg.ts'
import { CallStore } from './store.ts'
import { carryOutStream, type StreamCommand } from './stream-commands.ts'
import { TransferDesk } from './transfer-desk.ts'
import { TransferStore } from './transfer-store.ts'

/** Above this age of the oldest waiting write the database counts as stalled. */
const OLDEST_WRITE_MS = 1_000
/** INVITEs that may be looked up at once. */
const MOST_PENDING = 500
/** How long `stop` waits for phones to answer our BYE, and for the last rows. */
const STOP_MS = 4_500

/** What calling out takes beyond what letting in does. */
export type CallingOutNeeds = Pick<CallPlannerNeeds, 'bindings' | 'flow' | 'resolve' | 'carriers' | 'numbers'> &
  Pick<LegMakerNeeds, 'createOutgoingLine' | 'prepareOutgoing'> &
  Omit<CallChecksNeeds, 'billing'>

export interface CallEngineNeeds
  extends Omit<LiveNeeds, 'callOut' | 'leg' | 'release' | 'transferAsked' | 'metering'>,
    Omit<IncomingCallsNeeds, 'gate' | 'places' | 'metering' | 'live' | 'transfers' | 'admit' | 'isStopping'> {
  commands: CommandDoor
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
  readonly #gate: BeginGate
  readonly #store: CallStore
  readonly #live: LiveNeeds
  readonly #metering: Metering
  readonly #incoming: IncomingCalls
  readonly #placer: CallPlacer
  readonly #groupPlacer: GroupPlacer
  readonly #transfers: TransferDesk
  readonly #lives = new Map<string, LiveRunner>()
  readonly #groupcalls = new LiveGroupcalls()
  readonly #ringing: RingingLegs = new Map()
  #called = 0
  readonly #places = new Places(MOST_PENDING)
  readonly #commands: EngineCommands
  #stopping = false

  constructor(needs: CallEngineNeeds) {
    this.#needs = needs
    this.#clock = needs.clock
    this.#store = new CallStore(needs.db)
    const { clock, db, lanes } = needs
    this.#gate = new BeginGate({ clock, writable: () => lanes.oldestMs <= OLDEST_WRITE_MS && db.available() })
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
    this.#incoming = new IncomingCalls({
      ...{ ...needs, gate: this.#gate, places: this.#places, metering: this.#metering, live: this.#live },
      transfers: this.#transfers,
      admit: (live) => this.#lives.set(live.id, live),
      isStopping: () => this.#stopping,
    })
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

  /** What was done so far. */
  get counters(): CallEngineCounters {
    return { ...this.#incoming.counters, called: this.#called }
  }

  /** `TransactionUser.invite`: a call comes in. */
  invite(invite: IncomingInvite): void {
    this.#incoming.invite(invite)
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
    this.#called++
    this.#lives.set(live.id, live)
    if (this.#stopping) queueMicrotask(() => live.hangup('normal'))
  }

  #release(live: LiveRunner): void {
    this.#incoming.left(live.id)
    void live.written.then(() => this.#lives.delete(live.id))
  }

  #end(live: LiveRunner, by: EndAsker): void {
    live.hangup('normal', undefined, by)
  }

  /** A live call of this customer. */
  #liveOf(customer: string, call_id: string): LiveRunner | undefined {
    const live = this.#lives.get(call_id)
    return live?.customer_id === customer ? live : undefined
  }
}
