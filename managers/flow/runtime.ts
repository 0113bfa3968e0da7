import type { Call, PrepareIncoming, PrepareOutgoing } from '#managers/call'
import { type Bus, type Command, CommandDoor, type Subscription } from '#platform/bus'
import type { AnyTransaction, Database, WriteLanes } from '#platform/db'
import { InvariantError } from '#platform/errors'
import { appendEvents } from '#platform/events'
import { type Ids, isUuid } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'
import { recordOf, rowOf } from './activeflow-row.ts'
import { ActiveflowStore, type Owner, type StoredActiveflow } from './activeflow-store.ts'
import { ActiveflowActor, type ActorNeeds } from './actor.ts'
import { CallFlows } from './call-flows.ts'
import { FLOW_COMMAND, FLOW_WAITING, type FlowAnswer, type FlowCommand } from './commands.ts'
import { type DetachedStart, writeDetached } from './detached.ts'
import { step } from './engine/index.ts'
import { flowErrors } from './errors.ts'
import { flowEvents } from './events.ts'
import { FlowStore } from './flow-store.ts'
import type { Asks, HangupReasonOf, LiveCallOf, PlaceCalls, SendWebhook } from './needs.ts'
import { childOf } from './on-complete.ts'
import { TemporaryFlows } from './temporary-flows.ts'

/** What the runtime is made of. */
export interface FlowRuntimeNeeds {
  db: Database
  lanes: WriteLanes
  bus: Bus
  clock: Clock
  ids: Ids
  log: Log
  /** This node and this life of it. */
  owner: Owner
  sendWebhook: SendWebhook
  placeCalls: PlaceCalls
  liveCallOf: LiveCallOf
  hangupReasonOf?: HangupReasonOf
  /** Who carries out the actions of other managers. */
  asks?: Asks
}

/** How often it looks for what waits, should a poke be lost. Milliseconds. */
const LOOK_MS = 1_000
/** Executions that are taken over at a time. */
const BATCH = 100
/** Executions at once that no call holds; more wait in the database. */
const MOST_AT_ONCE = 20_000
/** How long a stop waits for the database. Milliseconds. */
const STOP_MS = 1_000
/** Nobody runs it yet. */
const UNOWNED = ''

/** Runs executions in the call role: an actor each, steered by calls, timers, answers and commands. */
export class FlowRuntime {
  readonly #needs: FlowRuntimeNeeds
  readonly #store: ActiveflowStore
  readonly #flows: FlowStore
  readonly #door: CommandDoor
  readonly #actors = new Map<string, ActiveflowActor>()
  readonly #shared: ActorNeeds
  readonly #temporary: TemporaryFlows
  readonly #callFlows: CallFlows
  readonly #subscriptions: Subscription[] = []
  /** Under way: a stop waits for them, so that nothing is taken by a life that is over. */
  readonly #claims = new Set<Promise<unknown>>()
  #timer: Timer | undefined
  #looking: Promise<void> | undefined
  #lookAgain = false
  #stopped = false

  constructor(needs: FlowRuntimeNeeds) {
    this.#needs = needs
    this.#store = new ActiveflowStore(needs.db)
    this.#flows = new FlowStore(needs.db)
    this.#door = new CommandDoor({ bus: needs.bus, clock: needs.clock })
    this.#shared = {
      ...needs,
      flows: this.#flows,
      onChild: (child) => this.#run(child),
      onGone: (actor) => {
        if (this.#actors.get(actor.id) === actor) this.#actors.delete(actor.id)
      },
    }
    this.#temporary = new TemporaryFlows({ ...needs, flows: this.#flows })
    this.#callFlows = new CallFlows({
      flows: this.#flows,
      temporary: this.#temporary,
      clock: needs.clock,
      shared: this.#shared,
      keep: (actor) => this.#keep(actor),
      run: (actor) => this.#run(actor),
    })
  }

  /** Executions that run here. */
  get running(): number {
    return this.#actors.size
  }

  /** Whose executions run here. */
  *customers(): Iterable<string> {
    for (const { activeflow } of this.#actors.values()) yield activeflow.customer_id
  }

  /**
   * Ends every execution of a customer for whom nothing may go on any more, with its call; nothing follows them. Calls for
   * help are left alone.
   */
  endAll(customer: string): void {
    for (const actor of this.#actors.values())
      if (actor.activeflow.customer_id === customer && !actor.isForHelp)
        actor.take({ type: 'stop', reason: 'account_closed' })
  }

  /** Begins to take commands and whatever waits. */
  start(): void {
    const { bus, owner } = this.#needs
    const answer = (command: Command) => this.#obey(readCommand(command))
    this.#subscriptions.push(
      this.#door.answer(FLOW_COMMAND, answer),
      this.#door.answer(`${FLOW_COMMAND}.${owner.incarnation}`, answer),
      bus.subscribe(FLOW_WAITING, () => this.#look()),
    )
    this.#look()
    this.#tick()
    this.#temporary.start()
  }

  /** Lets go of everything at once, without a word: another life has taken over, or is about to. */
  abandon(): void {
    this.#close()
    for (const actor of this.#actors.values()) actor.abandon()
    this.#actors.clear()
  }

  /** Ends in good order: what still holds a call ends with it, the rest waits in the database for whoever comes next. */
  async stop(): Promise<void> {
    this.#close()
    await Promise.allSettled([this.#looking, ...this.#claims])
    for (const actor of [...this.#actors.values()])
      if (actor.holdsCall) actor.take({ type: 'stop', reason: 'interrupted' })
    const written = Promise.all([...this.#actors.values()].map(({ settled }) => settled))
    for (const actor of this.#actors.values()) actor.abandon()
    this.#actors.clear()
    await this.#within(STOP_MS, written) // what is not written by then is done again, under the same keys
    const { db, log, owner } = this.#needs
    await db
      .withDeadline(STOP_MS, () => this.#store.release(owner))
      .catch((error) => log.warn({ error }, 'activeflows were not handed over; the next life recovers them'))
  }

  /** The hook of incoming calls: makes ready the flow that the call will run. */
  get prepareIncoming(): PrepareIncoming {
    return this.#callFlows.prepareIncoming
  }

  /** The hook of calls that we make: makes their execution, which begins when they are answered. */
  get prepareOutgoing(): PrepareOutgoing {
    return this.#callFlows.prepareOutgoing
  }

  /**
   * Starts an execution without a call, after what another one began: the on-end flow of a recording. Gives its id;
   * `undefined` where the chain is too long by now. In a transaction, so that it is written with what it follows; a repeat
   * under the same key starts nothing again.
   */
  async startDetached(start: DetachedStart, trx?: AnyTransaction): Promise<string | undefined> {
    const { db, bus } = this.#needs
    const parent = this.#actorOf(start.customer_id, start.reference_activeflow_id)?.inheritance
    const write = (own: AnyTransaction) => writeDetached(own, this.#store, start, parent, this.#needs)
    const id = await (trx ? write(trx) : db.transaction(write))
    if (id === undefined)
      this.#needs.log.info({ ...start, variables: undefined }, 'a flow was not started: too many in a chain')
    else bus.publish(FLOW_WAITING, {})
    return id
  }

  /**
   * Takes over what lives that are over have left: what no call holds goes on, the rest ends as its call did. Gives how
   * many there were. Safe to repeat.
   */
  async recover(lives: readonly Pick<Owner, 'incarnation'>[]): Promise<number> {
    const from = lives.map(({ incarnation }) => incarnation).filter((incarnation) => incarnation !== UNOWNED)
    let count = 0
    for (let taken = BATCH; taken === BATCH && !this.#stopped; count += taken) taken = await this.#takeOver(from)
    return count
  }

  /** Ends the executions of calls that are closed after a crash, in the transaction that closes the calls. */
  async endWithCalls(trx: AnyTransaction, calls: readonly Pick<Call, 'id'>[]): Promise<void> {
    const { clock, ids, owner } = this.#needs
    const orphans = await this.#store.lockOfCalls(
      trx,
      calls.map(({ id }) => id),
    )
    for (const { row, executed_actions } of orphans) {
      if (!row.state || this.#actors.has(row.id)) continue
      const now = timestamp(clock.wallMs())
      const { state, commands } = step(row.state, { type: 'stop', reason: 'interrupted' }, { now_ms: clock.wallMs() })
      const ended = recordOf(state, row, executed_actions, now)
      await this.#store.replace(trx, rowOf(ended, state, owner))
      const events = [flowEvents.activeflow_updated(ended)]
      for (const command of commands) {
        if (command.type !== 'complete') continue
        const nobody = { node: UNOWNED, incarnation: UNOWNED }
        const child = childOf(state, command.flow_id, ids.uuid(), now, nobody)
        await this.#store.insert(trx, row.customer_id, child.row)
        events.push(flowEvents.activeflow_created(child.activeflow))
      }
      await appendEvents(trx, events, this.#needs)
    }
  }

  #keep(actor: ActiveflowActor): void {
    this.#actors.set(actor.id, actor)
  }

  #run(actor: ActiveflowActor): void {
    this.#keep(actor)
    if (!this.#stopped) actor.run()
  }

  #close(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#temporary.stop()
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
  }

  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    let timer: Timer | undefined
    const late = new Promise<void>((resolve) => {
      timer = this.#needs.clock.after(ms, resolve)
    })
    await Promise.race([work, late])
    timer?.cancel()
  }

  #tick(): void {
    if (this.#stopped) return
    this.#timer = this.#needs.clock.after(LOOK_MS, () => {
      this.#look()
      this.#tick()
    })
  }

  /** Takes what waits; one look at a time, and one more when something came meanwhile. */
  #look(): void {
    this.#lookAgain = true
    this.#looking ??= this.#lookWhileAsked().finally(() => {
      this.#looking = undefined
    })
  }

  async #lookWhileAsked(): Promise<void> {
    try {
      while (this.#lookAgain && !this.#stopped) {
        this.#lookAgain = false
        const room = MOST_AT_ONCE - this.#actors.size
        if (room <= 0) return
        if ((await this.#takeOver([UNOWNED], Math.min(BATCH, room))) === BATCH) this.#lookAgain = true
      }
    } catch (error) {
      this.#needs.log.warn({ error }, 'waiting activeflows could not be taken; trying again')
    }
  }

  async #takeOver(from: readonly string[], most = BATCH, only?: { id: string }): Promise<number> {
    if (this.#stopped) return 0
    const claim = this.#store.claim(this.#needs.owner, from, most, only)
    this.#claims.add(claim)
    const taken = await claim.finally(() => this.#claims.delete(claim))
    for (const stored of taken) this.#resume(stored)
    return taken.length
  }

  #resume({ row, executed_actions }: StoredActiveflow): void {
    if (this.#stopped || !row.state || this.#actors.has(row.id)) return
    this.#run(new ActiveflowActor(this.#shared, { state: row.state, particulars: row, executed_actions }))
  }

  async #obey(command: FlowCommand): Promise<FlowAnswer> {
    const { customer_id, activeflow_id } = command
    const actor = this.#actorOf(customer_id, activeflow_id)
    if (actor) return this.#carryOut(command, actor)
    const standing = await this.#store.standing(customer_id, activeflow_id)
    if (!standing) throw flowErrors.ACTIVEFLOW_NOT_FOUND({ activeflow_id })
    if (standing.status === 'ended') throw refusalOfEnded(command)
    const { incarnation } = standing
    if (incarnation !== UNOWNED && incarnation !== this.#needs.owner.incarnation) return { runs_at: incarnation }
    await this.#takeOver([UNOWNED, incarnation], 1, { id: activeflow_id })
    const taken = this.#actorOf(customer_id, activeflow_id)
    if (!taken) throw refusalOfEnded(command) // it ended while it was looked for
    return this.#carryOut(command, taken)
  }

  async #carryOut(command: FlowCommand, actor: ActiveflowActor): Promise<FlowAnswer> {
    if (actor.hasEnded) {
      await actor.settled // so that who reads the row afterwards finds what the refusal says
      throw refusalOfEnded(command)
    }
    const heldCall = actor.holdsCall
    const { activeflow_id, type, deleting = false } = command
    const accepted =
      type === 'continue'
        ? actor.take({ type: 'continue' })
        : actor.take({ type: 'stop', reason: deleting ? 'deleted' : 'requested' })
    if (!accepted)
      throw flowErrors.FLOW_STATE_INVALID({ activeflow_id, issue: 'The activeflow does not wait on a block.' })
    const { activeflow } = actor
    // ending a call never waits for a disk: should it be lost, recovery ends both
    if (type === 'continue' || deleting || !heldCall) await actor.settled
    return { activeflow }
  }

  /** Another customer's execution looks like none. */
  #actorOf(customer_id: string, activeflow_id: string): ActiveflowActor | undefined {
    const actor = this.#actors.get(activeflow_id)
    return actor?.activeflow.customer_id === customer_id ? actor : undefined
  }
}

function refusalOfEnded({ type, activeflow_id }: FlowCommand) {
  if (type === 'stop') return flowErrors.ACTIVEFLOW_ALREADY_STOPPED({ activeflow_id })
  return flowErrors.FLOW_STATE_INVALID({ activeflow_id, issue: 'The activeflow has ended.' })
}

function readCommand(command: Command): FlowCommand {
  const { id, type, customer_id, activeflow_id, deleting } = command as Partial<FlowCommand> & Command
  if (type !== 'stop' && type !== 'continue') throw new InvariantError(`no command of a flow: ${type}`)
  if (!isUuid(customer_id ?? '') || !isUuid(activeflow_id ?? ''))
    throw new InvariantError('a command of a flow names it')
  return {
    id,
    type,
    customer_id: customer_id ?? '',
    activeflow_id: activeflow_id?.toLowerCase() ?? '',
    ...(deleting === undefined ? {} : { deleting }),
  }
}
