import assert from 'node:assert/strict'
import type { LiveCallInput, PlacedCalls } from '#managers/call'
import { eventWrite } from '#platform/events'
import { type Ids, NIL_UUID, sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, timestamp } from '#platform/time'
import { initialRow } from '../activeflow-row.ts'
import { rowWrite } from '../activeflow-store.ts'
import { ActiveflowActor, type ActorNeeds } from '../actor.ts'
import { CallFlows } from '../call-flows.ts'
import { begin } from '../engine/index.ts'
import { flowEvents } from '../events.ts'
import { type Flow, newFlow } from '../flow.ts'
import type { AskOutcome, WebhookOutcome, WebhookRequest } from '../needs.ts'
import { TemporaryFlows } from '../temporary-flows.ts'
import { CountedClock } from './counted-clock.ts'
import { Dice } from './dice.ts'
import { FakeCall, ringingCall } from './fake-call.ts'
import { MemoryLanes } from './memory-lanes.ts'
import { OTHER_FLOWS, randomFlow } from './random-flow.ts'
import { uuid } from './virtual-flow.ts'

const HOUR_MS = 3_600_000
/** Turns of the clock in one life: far more than a hundred steps need. */
const MOST_TURNS = 20_000
const KEYS = ['0', '1', '2', '#', '*'] as const

/** Lets everything that is ready happen. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

/**
 * A random flow in a random world: a caller who presses and leaves when he likes, servers that answer garbage or never,
 * a program that dies. The real actor runs it; everything around is chance that the seed decides.
 */
export class RandomWorld {
  readonly #dice: Dice
  readonly #clock = new ManualClock()
  readonly #counted = new CountedClock(this.#clock)
  readonly #ids: Ids = sequentialIds(5_000)
  readonly #lanes: MemoryLanes
  readonly #flows = new Map<string, Flow>()
  readonly #actors = new Set<ActiveflowActor>()
  readonly #needs: ActorNeeds
  /** What was asked of the outside, by key. */
  readonly #asked = new Map<string, string>()
  #call: FakeCall | undefined
  #life = 1

  constructor(seed: number) {
    this.#dice = new Dice(seed)
    const dice = this.#dice
    const customer_id = uuid(0xc)
    this.#lanes = new MemoryLanes(this.#clock, () => dice.integer(40))
    for (const id of [uuid(0xf0), ...OTHER_FLOWS]) {
      const on_complete_flow_id = dice.chance(0.2) ? dice.pick(OTHER_FLOWS) : NIL_UUID
      const content = { name: '', detail: '', actions: randomFlow(dice), on_complete_flow_id, persist: true }
      this.#flows.set(id, newFlow(id, customer_id, content, timestamp(this.#clock.wallMs())))
    }
    this.#needs = {
      clock: this.#counted,
      ids: this.#ids,
      log: silentLog,
      lanes: this.#lanes,
      owner: { node: 'node', incarnation: 'life-1' },
      flows: { find: async (_customer, id) => this.#flows.get(id) },
      sendWebhook: (_customer, request) => this.#answer(request),
      placeCalls: (_customer, request, key) => this.#later(key, request, () => this.#placed()),
      asks: { queue_join: (_customer, asked, key) => this.#later(key, asked, () => this.#askOutcome()) },
      liveCallOf: () => this.#call,
      onChild: (child) => this.#run(child),
      onGone: (actor) => this.#actors.delete(actor),
    }
  }

  /** Plays it to its end and holds what it leaves behind against what is promised. */
  async play(): Promise<void> {
    if (this.#dice.chance(0.7)) await this.#callIn()
    else this.#startApi()
    for (let turn = 0; this.#actors.size > 0; turn++) {
      assert.ok(turn < MOST_TURNS, `it does not end: ${this.#standing}`)
      await settle()
      const nextMs = this.#clock.nextInMs
      if (this.#actors.size === 0) break
      assert.ok(nextMs !== undefined, `it hangs: ${this.#standing}`)
      this.#clock.advance(nextMs)
    }
    this.#check()
  }

  async #callIn(): Promise<void> {
    const dice = this.#dice
    const call = ringingCall(uuid(0xca), uuid(0xc))
    const temporary = new TemporaryFlows({ ...this.#needs, flows: { removeTemporary: async () => 0 } })
    const flows = new CallFlows({
      flows: this.#needs.flows,
      temporary,
      clock: this.#counted,
      shared: this.#needs,
      keep: (actor) => this.#actors.add(actor),
      run: (actor) => this.#run(actor),
    })
    const prepared = await flows.prepareIncoming({ call, flow: { flow_id: uuid(0xf0) }, anonymous: dice.chance(0.2) })
    assert.ok(prepared)
    const live = new RandomCall(this.#clock, { ...call, activeflow_id: prepared.activeflow_id }, dice)
    this.#call = live
    for (let key = dice.integer(8); key > 0; key--)
      this.#clock.after(dice.integer(60_000), () => live.press(dice.pick(KEYS)))
    const leave = dice.chance(0.5) ? dice.integer(90_000) : HOUR_MS
    this.#clock.after(leave, () => live.snapshot().status === 'hangup' || live.leave())
    if (dice.chance(0.1)) this.#clock.after(dice.integer(60_000), () => this.#stop())
    prepared.start(live)
  }

  #startApi(): void {
    const dice = this.#dice
    const flow = this.#flows.get(uuid(0xf0))
    assert.ok(flow)
    const tm_create = timestamp(this.#clock.wallMs())
    const state = begin({
      activeflow_id: this.#ids.uuid(),
      customer_id: flow.customer_id,
      flow_id: flow.id,
      reference_type: 'api',
      on_complete_flow_id: flow.on_complete_flow_id,
      actions: flow.actions,
      injected: { name: 'Almon' },
      tm_create,
    })
    const particulars = { webhook_uri: '', webhook_method: '', tm_create } as const
    const { row, activeflow } = initialRow(state, particulars)
    this.#lanes.apply(rowWrite(row)) // the API wrote it before it said so
    this.#lanes.apply(eventWrite(flowEvents.activeflow_created(activeflow), this.#needs))
    this.#run(new ActiveflowActor(this.#needs, { state, particulars }))
    this.#clock.after(60_000, () => this.#continue())
    if (dice.chance(0.2)) this.#clock.after(dice.integer(90_000), () => this.#stop())
    for (let crash = dice.integer(4); crash > 0; crash--) this.#clock.after(dice.integer(90_000), () => this.#crash())
  }

  #run(actor: ActiveflowActor): void {
    this.#actors.add(actor)
    actor.run()
  }

  /** Every minute somebody continues what is parked. */
  #continue(): void {
    for (const actor of this.#actors) actor.take({ type: 'continue' })
    if (this.#actors.size > 0) this.#clock.after(60_000, () => this.#continue())
  }

  /** Stops what runs and what follows it, as an operator would. */
  #stop(): void {
    for (const actor of this.#actors) actor.take({ type: 'stop', reason: 'requested' })
    if (this.#actors.size > 0) this.#clock.after(60_000, () => this.#stop())
  }

  /** The program dies, and another takes over what is on disk. */
  #crash(): void {
    for (const actor of this.#actors) actor.abandon()
    this.#actors.clear()
    this.#lanes.die()
    this.#life++
    const needs = { ...this.#needs, owner: { node: 'node', incarnation: `life-${this.#life}` } }
    for (const row of [...this.#lanes.rows.values()]) {
      if (!row.state) continue
      const state = structuredClone(row.state)
      const executed_actions = this.#lanes.executed.get(row.id) ?? []
      this.#run(new ActiveflowActor(needs, { state, particulars: row, executed_actions }))
    }
  }

  /** Servers answer sense, garbage, too late, or not at all. */
  #answer(request: WebhookRequest): Promise<WebhookOutcome> {
    return this.#later(request.key, request, () => {
      const body = this.#dice.pick([
        '',
        '{"name":"1"}',
        '<html>',
        '[]',
        '[{"type":"talk","option":{"text":"fetched"}}]',
        '[{"type":"dance"}]',
        JSON.stringify({ name: 'x'.repeat(20_000) }),
      ])
      return this.#dice.chance(0.8)
        ? { ok: true, status: this.#dice.pick([200, 500]), body }
        : { ok: false, cause: 'dns' }
    })
  }

  #placed(): PlacedCalls {
    if (this.#dice.chance(0.3)) throw new Error('no calls')
    return { calls: [ringingCall(this.#ids.uuid(), uuid(0xc))], groupcalls: [], skipped: [] }
  }

  #askOutcome(): AskOutcome {
    if (this.#dice.chance(0.5)) return { ok: false, cause: 'QUEUE_NOT_FOUND' }
    return { ok: true, set: { 'voipbin.queue.name': 'q' }, push: this.#flows.get(OTHER_FLOWS[0])?.actions ?? [] }
  }

  /** Something outside takes its time, sometimes for ever. What is asked again under a key is the same. */
  #later<T>(key: string, what: object, outcome: () => T): Promise<T> {
    const text = JSON.stringify(what)
    assert.equal(this.#asked.get(key) ?? text, text, 'the same key asks for something else')
    this.#asked.set(key, text)
    const onDisk = this.#lanes.rows.get(key.split(':')[0] ?? '')?.state?.awaited ?? []
    assert.ok(
      onDisk.some((awaited) => awaited.key === key),
      'a step that is not on disk yet reaches the outside',
    )
    return new Promise((resolve, reject) => {
      if (this.#dice.chance(0.1)) return
      this.#clock.after(this.#dice.integer(45_000), () => {
        try {
          resolve(outcome())
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  /** Where what runs stands, and on which life. */
  get #standing(): string {
    const standing = [...this.#actors].map(({ activeflow, hasEnded }) =>
      JSON.stringify([activeflow.current_action, activeflow.executed_actions.length, hasEnded]),
    )
    return `life ${this.#life}, ${standing.join(' and ')}`
  }

  #check(): void {
    assert.equal(this.#counted.waiting, 0, 'a timer is left')
    if (this.#call) assert.equal(this.#call.snapshot().status, 'hangup', 'a call is left')
    const rows = [...this.#lanes.rows.values()]
    const parents = rows.map(({ reference_activeflow_id }) => reference_activeflow_id)
    assert.equal(new Set(parents).size, rows.length, 'each execution is followed by one at most')
    assert.ok(rows.length <= 5, 'no more than five in a chain')
    for (const { id, status, state, ended_reason } of rows) {
      assert.deepEqual([status, state], ['ended', null], 'an execution is left')
      assert.notEqual(ended_reason, '')
      this.#checkEvents(id)
      this.#checkEffects(id)
    }
  }

  /** Every step was told, in order, and the end once. */
  #checkEvents(id: string): void {
    const events = this.#lanes.events.filter(({ resource_id }) => resource_id === id)
    assert.equal(events[0]?.type, 'activeflow_created')
    let told = 0
    for (const { type, data } of events.slice(1)) {
      assert.equal(type, 'activeflow_updated')
      const { length } = data.executed_actions
      assert.ok(length === told || length === told + 1, `${told} actions were told, then ${length}`)
      told = length
    }
    assert.equal(told, this.#lanes.executed.get(id)?.length ?? 0, 'the last event tells all actions')
    const ends = events.filter(({ data }) => data.status === 'ended')
    assert.deepEqual(ends, [events.at(-1)], 'the end is told once, at last')
  }

  /** Nothing outside was asked for twice under two keys: there are no more keys than actions that ask. */
  #checkEffects(id: string): void {
    const asking = ['webhook_send', 'fetch', 'call', 'queue_join']
    const current = this.#lanes.rows.get(id)?.current_action
    const ran = [...(this.#lanes.executed.get(id) ?? []), ...(current ? [current] : [])]
    const times = ran.filter(({ type, result }) => asking.includes(type) && result !== 'skipped').length
    const keys = [...this.#asked.keys()].filter((key) => key.startsWith(`${id}:`))
    assert.ok(keys.length <= times, `${keys.length} keys for ${times} actions that ask`)
  }
}

/** A live call whose sounds, callees and recordings end as chance has it. */
class RandomCall extends FakeCall {
  readonly #clock: ManualClock
  readonly #dice: Dice

  constructor(clock: ManualClock, call: ConstructorParameters<typeof FakeCall>[1], dice: Dice) {
    super(clock, call)
    this.#clock = clock
    this.#dice = dice
  }

  override connect(key: string): void {
    const outcome = this.#dice.pick(['talked', 'unanswered', 'failed'] as const)
    const reason = this.#dice.pick(['busy', 'noanswer'] as const)
    this.#tellLater({
      type: 'connect_ended',
      key,
      outcome,
      ...(outcome === 'unanswered' ? { hangup_reason: reason } : {}),
    })
  }

  override startRecording(key: string): void {
    const recording = {
      id: uuid(0xec),
      reference_type: 'call',
      reference_id: this.id,
      format: 'wav',
      recording_name: 'r',
      filenames: 'r.wav',
    } as const
    this.#tellLater(
      this.#dice.chance(0.7)
        ? { type: 'recording_started', key, recording }
        : { type: 'recording_refused', key, reason: 'busy' },
    )
  }

  #tellLater(input: LiveCallInput): void {
    if (this.#dice.chance(0.1)) return // it never comes: the caller has to leave
    this.#clock.after(this.#dice.integer(30_000), () => {
      if (this.snapshot().status !== 'hangup') this.tell(input)
    })
  }
}
