import type { AgentRings } from '#managers/agent'
import type { WriteLanes } from '#platform/db'
import { eventWrite } from '#platform/events'
import type { Log } from '#platform/log'
import type { Clock, Stopwatch } from '#platform/time'
import { ringWrites } from './agent-ring.ts'
import type { Attempt, AttemptEvent } from './attempt.ts'
import type { HangupReason } from './call.ts'
import type { EndAsker } from './call-witness.ts'
import type { Ready } from './calling.ts'
import type { Groupcall } from './groupcall.ts'
import { GroupcallActor, type GroupcallEffect, type GroupcallInput } from './groupcall-actor.ts'
import { type GroupcallEvent, groupcallEvent } from './groupcall-events.ts'
import { groupcallWrite } from './groupcall-store.ts'
import { RowWriter } from './row-writer.ts'

/** A member that can be called, and its position among the destinations. */
export interface ReadyMember {
  place: number
  ready: Ready
}

export interface GroupcallRunnerNeeds {
  clock: Clock
  log: Log
  lanes: WriteLanes
  node: string
  incarnation: string
  /** Hears of groupcalls that ring at agents. */
  agentRings?: AgentRings
}

export interface GroupcallParts {
  groupcall: Groupcall
  watch: Stopwatch
  members: readonly ReadyMember[]
  /** How many destinations are called one after the other. */
  places: number
  /** The first one from this place on who can be called; `undefined` when nobody is left. */
  next: (from: number) => Promise<ReadyMember | undefined>
  /** Hears what comes of it; without one the first answer counts by itself. */
  report?: (event: AttemptEvent) => void
  onOver: () => void
}

/** Runs one groupcall's actor: begins and ends its members, and writes what it says, in order. */
export class GroupcallRunner implements Attempt {
  readonly kind = 'groupcall'
  readonly #needs: GroupcallRunnerNeeds
  readonly #parts: GroupcallParts
  readonly #actor: GroupcallActor
  readonly #writer: RowWriter
  readonly #members = new Map<string, Attempt>()
  readonly #queue: GroupcallInput[] = []
  readonly #onStored: (() => void)[] = []
  #running = false
  #released = false
  /** Who wanted all of it ended first. */
  #endedBy: EndAsker | undefined

  constructor(needs: GroupcallRunnerNeeds, parts: GroupcallParts) {
    this.#needs = needs
    this.#parts = parts
    this.#writer = new RowWriter(needs, parts.groupcall.id, () => needs.agentRings?.stored())
    this.#actor = new GroupcallActor(parts.groupcall, { now: () => parts.watch.now(), places: parts.places })
  }

  get id(): string {
    return this.#actor.groupcall.id
  }

  /** Resolves when everything written so far is on disk (or can never be). */
  get written(): Promise<void> {
    return this.#writer.written
  }

  snapshot(): Groupcall {
    return structuredClone(this.#actor.groupcall)
  }

  /** The first step: its row and event are on their way to the disk, its members are called. */
  begin(): void {
    const { members } = this.#parts
    const of = ({ place, ready: { id, kind } }: ReadyMember) => ({ place, id, kind })
    for (const effect of this.#actor.begin(members.map(of))) this.#do(effect)
    for (const { ready } of members) this.#beginMember(ready)
  }

  hangup(_reason: HangupReason, cause?: number, by?: EndAsker): void {
    this.#endedBy ??= by
    this.#take({ type: 'hangup', ...(cause === undefined ? {} : { cause }) })
  }

  win(): void {
    this.#take({ type: 'win' })
  }

  holds(call_id: string): boolean {
    return [...this.#members.values()].some((member) => member.holds(call_id))
  }

  /** Calls `done` once it is over and its row is on disk; at once (in the next turn) when it is. */
  whenStored(done: () => void): void {
    if (!this.#released) this.#onStored.push(done)
    else void this.#writer.written.then(done)
  }

  /** One input at a time: what comes while another is being handled waits. */
  #take(input: GroupcallInput): void {
    this.#queue.push(input)
    if (this.#running) return
    this.#running = true
    try {
      for (let at = this.#queue.shift(); at; at = this.#queue.shift())
        for (const effect of this.#actor.on(at)) this.#do(effect)
    } finally {
      this.#running = false
    }
  }

  #do(effect: GroupcallEffect) {
    switch (effect.do) {
      case 'save':
        return this.#save(effect.groupcall, effect.events)
      case 'win_member':
        return this.#members.get(effect.id)?.win()
      case 'end_member':
        return this.#members.get(effect.id)?.hangup('normal', effect.cause, this.#endedBy)
      case 'call_next':
        return void this.#callNext(effect.from)
      case 'report':
        return this.#report(effect.event)
      case 'release':
        return this.#release()
    }
  }

  #release(): void {
    this.#released = true
    void this.#writer.written.then(() => {
      for (const done of this.#onStored.splice(0)) done()
    })
    this.#parts.onOver()
  }

  #report(event: AttemptEvent): void {
    const { report } = this.#parts
    if (report) report(event)
    else if (event.type === 'answered') this.#take({ type: 'win' })
  }

  #save(groupcall: Groupcall, events: readonly GroupcallEvent[]): void {
    const { node, incarnation, agentRings } = this.#needs
    const tm_create = groupcall.tm_update ?? groupcall.tm_create
    const rings = agentRings ? ringWrites(agentRings, groupcall, events) : []
    this.#writer.save(groupcallWrite({ ...groupcall, node, incarnation }), [
      ...events.map((type) => eventWrite({ ...groupcallEvent(type, groupcall), tm_create })),
      ...rings,
    ])
  }

  #beginMember(ready: Ready): void {
    const report = (event: AttemptEvent) => this.#take({ type: 'member', id: ready.id, event })
    this.#members.set(ready.id, ready.begin(report))
  }

  async #callNext(from: number): Promise<void> {
    try {
      const member = await this.#parts.next(from)
      if (!member) return this.#take({ type: 'no_next' })
      const { place, ready } = member
      if (this.#actor.groupcall.status !== 'progressing') {
        ready.discard() // it was hung up meanwhile: nobody rings for it any more
        return this.#take({ type: 'no_next' })
      }
      this.#beginMember(ready)
      this.#take({ type: 'next', member: { place, id: ready.id, kind: ready.kind } })
    } catch (error) {
      this.#needs.log.warn({ groupcall_id: this.id, error }, 'the next one of a groupcall could not be called')
      this.#take({ type: 'no_next' })
    }
  }
}
