import type { CommandDoor, Subscription } from '#platform/bus'
import type { Database } from '#platform/db'
import { apiErrors } from '#platform/http'
import { type Clock, Stopwatch } from '#platform/time'
import { IncomingLine, type LineNeeds } from '#telecom/line'
import { type HeaderInput, type IncomingInvite, SipError } from '#telecom/sip'
import { type Admission, type AdmissionNeeds, type Admitted, IncomingAdmission } from './admission.ts'
import { AnonymousCaps } from './anonymous-caps.ts'
import { BeginGate } from './begin-gate.ts'
import type { HangupReason } from './call.ts'
import { CALL_COMMANDS, type CallCommandAnswer, readCallCommand } from './call-commands.ts'
import type { LiveCall, PreparedFlow, PrepareIncoming } from './live-call.ts'
import { type LiveNeeds, LiveRunner } from './live-runner.ts'
import { newIncomingCall } from './new-call.ts'
import type { PlaceCallsRequest, PlacedCalls } from './place-calls.ts'
import { CallStore } from './store.ts'

/** Above this age of the oldest waiting write the database counts as stalled. */
const OLDEST_WRITE_MS = 1_000
/** INVITEs that may be looked up at once. */
const MOST_PENDING = 500
/** How long letting a call in may take. */
const ADMISSION_MS = 3_000
/** How long `stop` waits for phones to answer our BYE, and for the last rows. */
const STOP_MS = 4_500
const RETRY_AFTER = { 'Retry-After': '5' }

export interface CallEngineNeeds extends LiveNeeds {
  db: Database
  commands: CommandDoor
  media: LineNeeds['media']
  line?: Pick<LineNeeds, 'mediaAddress' | 'deadMediaMs'>
  admission: Omit<AdmissionNeeds, 'caps'>
  /** Calls without credentials per number and source: each second, and at the same time. */
  anonymousCaps: { perSecond: number; atOnce: number }
  /** Makes the flow of a call that was let in. */
  prepareIncoming: PrepareIncoming
}

/** What the engine has done so far, for the metrics. */
export interface CallEngineCounters {
  admitted: number
  /** By SIP status. */
  refused: Record<number, number>
}

/** The `call` role's calls: lets INVITEs in, owns the live ones, takes commands for them, ends them at a stop. */
export class CallEngine {
  readonly #needs: CallEngineNeeds
  readonly #clock: Clock
  readonly #admission: IncomingAdmission
  readonly #gate: BeginGate
  readonly #store: CallStore
  readonly #lives = new Map<string, LiveRunner>()
  readonly counters: CallEngineCounters = { admitted: 0, refused: {} }
  #pending = 0
  #stopping = false
  #commands: Subscription | undefined

  constructor(needs: CallEngineNeeds) {
    this.#needs = needs
    this.#clock = needs.clock
    this.#store = new CallStore(needs.db)
    const { clock, db, lanes } = needs
    this.#gate = new BeginGate({ clock, writable: () => lanes.oldestMs <= OLDEST_WRITE_MS && db.available() })
    const caps = new AnonymousCaps(needs.clock, needs.anonymousCaps)
    this.#admission = new IncomingAdmission({ ...needs.admission, caps })
  }

  /** Takes commands from the bus from now on. */
  start(): void {
    this.#commands = this.#needs.commands.answer(CALL_COMMANDS, (command) => this.#command(command))
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

  /** `TransactionUser.invite`: a call comes in. */
  invite(invite: IncomingInvite) {
    const { ids, log, media, line: lineNeeds } = this.#needs
    const line = new IncomingLine(invite, { clock: this.#clock, ids, log, media, ...lineNeeds })
    if (this.#stopping || this.#pending >= MOST_PENDING) return this.#refuse(line, 503, RETRY_AFTER)
    const watch = new Stopwatch(this.#clock)
    this.#pending++
    this.#receive(invite, line, watch)
      .catch((error: unknown) => this.#failed(line, error))
      .finally(() => {
        this.#pending--
      })
  }

  /** Makes outgoing calls; a repeat under the same key makes none again. Rejects when nothing was created. */
  async place(_request: PlaceCallsRequest, _key: string): Promise<PlacedCalls> {
    throw apiErrors.SERVICE_UNAVAILABLE({})
  }

  /** Ends every live call of a customer who may make no calls any more. */
  hangupAll(customer: string): void {
    for (const live of this.#lives.values()) if (live.customer_id === customer) live.hangup('normal')
  }

  /** Lets nothing in any more, ends live calls by BYE, and waits until they are over and on disk, at most 4.5 s. */
  async stop(): Promise<void> {
    this.#stopping = true
    const ended = Promise.all(
      [...this.#lives.values()].map((live) => new Promise<void>((done) => live.whenStored(done))),
    )
    for (const live of this.#lives.values()) live.hangup('normal')
    await Promise.race([ended, new Promise<void>((resolve) => this.#clock.after(STOP_MS, resolve))])
    this.#commands?.unsubscribe()
  }

  /**
   * The look-ups have a deadline; what lives on afterwards must not inherit it, so the call begins outside of them.
   */
  async #receive(invite: IncomingInvite, line: IncomingLine, watch: Stopwatch): Promise<void> {
    if (!(await this.#gate.pass())) return this.#refuse(line, 503, RETRY_AFTER)
    const let_in = await this.#needs.db.withDeadline(ADMISSION_MS, () => this.#letIn(invite, line, watch))
    if (!let_in) return
    const { admitted, prepared, call } = let_in
    const live = new LiveRunner(call, line, watch, this.#needs, (over) => {
      admitted.leave()
      void over.written.then(() => this.#lives.delete(over.id))
    })
    this.counters.admitted++
    this.#lives.set(live.id, live)
    live.begin()
    prepared.start(live)
    if (this.#stopping) live.hangup('normal')
  }

  async #letIn(invite: IncomingInvite, line: IncomingLine, watch: Stopwatch) {
    const admission = await this.#admission.decide(invite.request, invite.source)
    if (!admission.admitted) {
      this.#needs.log.debug({ status: admission.status, why: admission.why }, 'a call was refused')
      return this.#refuse(line, admission.status, admission.headers)
    }
    try {
      const begun = await this.#prepare(admission, line, watch)
      if (!begun) admission.leave()
      return begun
    } catch (error) {
      admission.leave()
      throw error
    }
  }

  async #prepare(admitted: Admission & Admitted, line: IncomingLine, watch: Stopwatch) {
    const opened = await line.open()
    if (!opened.ok) return this.#refuse(line, opened.status)
    if (line.ended) return undefined
    const call = newIncomingCall(this.#needs.ids.uuid(), admitted, watch.now())
    const { flow_id, anonymous } = admitted
    const prepared: PreparedFlow | undefined = await this.#needs.prepareIncoming({
      call,
      flow: { flow_id },
      anonymous,
    })
    if (!prepared) {
      this.#needs.log.info({ customer_id: call.customer_id, flow_id }, 'a call was refused: its flow does not exist')
      return this.#refuse(line, 404)
    }
    return {
      admitted,
      prepared,
      call: { ...call, activeflow_id: prepared.activeflow_id, flow_id: prepared.flow_id ?? call.flow_id },
    }
  }

  #refuse(line: IncomingLine, status: number, headers?: HeaderInput): undefined {
    this.counters.refused[status] = (this.counters.refused[status] ?? 0) + 1
    line.refuse(status, headers)
  }

  /** 503 says that nothing was created: the caller, or the edge in front, may try elsewhere. */
  #failed(line: IncomingLine, error: unknown) {
    if (error instanceof SipError) return this.#refuse(line, error.status)
    this.#needs.log.warn({ error }, 'a call could not be let in')
    this.#refuse(line, 503, RETRY_AFTER)
  }

  /** Commands find a live call without a disk. A foreign call looks exactly like an unknown one. */
  #command(body: unknown): CallCommandAnswer | Promise<CallCommandAnswer> {
    const command = readCallCommand(body)
    const live = command && this.#lives.get(command.call_id)
    if (!live || live.customer_id !== command.customer_id) return { live: false }
    const wasOver = live.snapshot().status === 'hangup'
    live.hangup(command.reason)
    const answer = (): CallCommandAnswer => ({ live: true, call: live.snapshot(), wasOver })
    if (command.type === 'hangup') return answer()
    return new Promise((resolve) => live.whenStored(() => resolve(answer())))
  }
}
