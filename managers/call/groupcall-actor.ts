import type { Timestamp } from '#platform/time'
import { ANSWERED_ELSEWHERE, type Attempt, type AttemptEvent } from './attempt.ts'
import type { HangupReason } from './call.ts'
import type { Groupcall } from './groupcall.ts'
import type { GroupcallEvent } from './groupcall-events.ts'

/** Somebody who is called: a leg, or a group of its own; `place` is the position among the destinations. */
export type Member = Pick<Attempt, 'id' | 'kind'> & { place: number }

/** What a live groupcall is given, one at a time. */
export type GroupcallInput =
  /** What came of a member. */
  | { type: 'member'; id: string; event: AttemptEvent }
  /** The next one is called, or there is nobody left who can be. */
  | { type: 'next'; member: Member }
  | { type: 'no_next' }
  /** Its answer is the one that counts. */
  | { type: 'win' }
  | { type: 'hangup'; cause?: number }

/** What a live groupcall wants done. */
export type GroupcallEffect =
  | { do: 'save'; groupcall: Groupcall; events: readonly GroupcallEvent[] }
  | { do: 'win_member'; id: string }
  | { do: 'end_member'; id: string; cause?: number }
  /** Calls the first one from this place on who can be called: `next` or `no_next` follows. */
  | { do: 'call_next'; from: number }
  | { do: 'report'; event: AttemptEvent }
  /** Nothing follows. */
  | { do: 'release' }

interface Ending {
  hangup_reason: HangupReason
  cause: number
}

/**
 * One live groupcall: all are called at once, or one after the other; the first answer wins and the others end. Its
 * members are legs or groups of their own, which behave alike. Synchronous, one input at a time, no I/O of its own.
 */
export class GroupcallActor {
  readonly #now: () => Timestamp
  #groupcall: Groupcall
  readonly #alive = new Map<string, Member>()
  /** How members ended without an answer, in the order of their places. */
  readonly #endings = new Map<number, Ending>()
  readonly #places: number
  #answered: Member | undefined
  #isCallingNext = false
  #isTold = false

  /** `places`: how many destinations are called one after the other. */
  constructor(groupcall: Groupcall, needs: { now: () => Timestamp; places: number }) {
    this.#groupcall = groupcall
    this.#now = needs.now
    this.#places = needs.places
  }

  /** The record as it is; replaced, never changed in place. */
  get groupcall(): Groupcall {
    return this.#groupcall
  }

  /** The first step: it exists, and so do these members. */
  begin(members: readonly Member[]): GroupcallEffect[] {
    for (const member of members) this.#add(member)
    return [this.#save(['groupcall_created'], null)]
  }

  on(input: GroupcallInput): GroupcallEffect[] {
    if (this.#groupcall.status === 'hangup') return input.type === 'next' ? [end(input.member.id)] : []
    switch (input.type) {
      case 'member':
        return this.#member(input.id, input.event)
      case 'next':
        return this.#next(input.member)
      case 'no_next':
        this.#isCallingNext = false
        return this.#finishWhenOver()
      case 'win':
        return this.#answered ? [{ do: 'win_member', id: this.#answered.id }] : []
      case 'hangup':
        return this.#hangup(input.cause)
    }
  }

  #member(id: string, event: AttemptEvent): GroupcallEffect[] {
    switch (event.type) {
      case 'answered':
        return this.#answer(id, event.call_id)
      case 'ended':
        return this.#memberEnded(id, event)
      default:
        return this.#groupcall.status === 'progressing' && !this.#answered ? [{ do: 'report', event }] : []
    }
  }

  #answer(id: string, call_id: string): GroupcallEffect[] {
    const member = this.#alive.get(id)
    if (!member || this.#answered || this.#groupcall.status !== 'progressing') return [end(id, ANSWERED_ELSEWHERE)]
    this.#answered = member
    // a phone that picks up answers for the member
    const answer = member.kind === 'call' ? { answer_call_id: call_id } : { answer_groupcall_id: id }
    this.#groupcall = { ...this.#groupcall, ...answer }
    return [
      this.#save(['groupcall_progressing']),
      ...this.#endOthers(),
      { do: 'report', event: { type: 'answered', call_id } },
    ]
  }

  /** The one who answered goes: it is over for who called. Otherwise the next one is called, or there is none. */
  #memberEnded(id: string, ending: Ending): GroupcallEffect[] {
    const member = this.#alive.get(id)
    if (!member) return []
    this.#remove(member)
    if (member === this.#answered) {
      const told = this.#tellEnd(ending)
      const others = this.#groupcall.status === 'progressing' ? this.#hangup() : []
      return [...told, ...(others.length > 0 ? others : this.#finishWhenOver())]
    }
    this.#endings.set(member.place, ending)
    const { status, ring_method, dial_index } = this.#groupcall
    const isTurn = ring_method === 'linear' && member.place === dial_index && dial_index + 1 < this.#places
    if (!isTurn || status !== 'progressing' || this.#answered) return this.#finishWhenOver()
    this.#isCallingNext = true
    return [this.#save([]), { do: 'call_next', from: dial_index + 1 }]
  }

  #next(member: Member): GroupcallEffect[] {
    this.#isCallingNext = false
    this.#add(member)
    this.#groupcall = { ...this.#groupcall, dial_index: member.place }
    const late = this.#groupcall.status === 'progressing' ? [] : [end(member.id)]
    return [this.#save([]), ...late]
  }

  #hangup(cause?: number): GroupcallEffect[] {
    if (this.#groupcall.status !== 'progressing') return []
    this.#groupcall = { ...this.#groupcall, status: 'hangingup' }
    if (this.#alive.size === 0) return this.#finishWhenOver()
    return [this.#save([]), ...[...this.#alive.keys()].map((id) => end(id, cause))]
  }

  #endOthers(): GroupcallEffect[] {
    return [...this.#alive.values()]
      .filter((member) => member !== this.#answered)
      .map(({ id }) => end(id, ANSWERED_ELSEWHERE))
  }

  /** Over when nobody lives and nobody is being looked up any more; else what has changed is written. */
  #finishWhenOver(): GroupcallEffect[] {
    if (this.#alive.size > 0 || this.#isCallingNext) return [this.#save([])]
    this.#groupcall = { ...this.#groupcall, status: 'hangup' }
    return [this.#save(['groupcall_hangup']), ...this.#tellEnd(this.#telling()), { do: 'release' }]
  }

  #tellEnd({ hangup_reason, cause }: Ending): GroupcallEffect[] {
    if (this.#isTold) return []
    this.#isTold = true
    return [{ do: 'report', event: { type: 'ended', hangup_reason, cause } }]
  }

  /** Why nobody answered: the first who was heard of; a phone that has gone away tells nothing. */
  #telling(): Ending {
    const endings = [...this.#endings].toSorted(([one], [other]) => one - other).map(([, ending]) => ending)
    const heard = endings.find(({ hangup_reason }) => hangup_reason !== 'failed')
    return heard ?? endings[0] ?? { hangup_reason: 'cancel', cause: 16 }
  }

  #add(member: Member): void {
    this.#alive.set(member.id, member)
    const { call_ids, groupcall_ids } = this.#groupcall
    this.#groupcall =
      member.kind === 'call'
        ? { ...this.#groupcall, call_ids: [...call_ids, member.id] }
        : { ...this.#groupcall, groupcall_ids: [...groupcall_ids, member.id] }
    this.#count()
  }

  #remove(member: Member): void {
    this.#alive.delete(member.id)
    this.#count()
  }

  #count(): void {
    const members = [...this.#alive.values()]
    const call_count = members.filter(({ kind }) => kind === 'call').length
    this.#groupcall = { ...this.#groupcall, call_count, groupcall_count: members.length - call_count }
  }

  #save(events: readonly GroupcallEvent[], tm_update: Timestamp | null = this.#now()): GroupcallEffect {
    this.#groupcall = { ...this.#groupcall, tm_update }
    return { do: 'save', groupcall: this.#groupcall, events }
  }
}

function end(id: string, cause?: number): GroupcallEffect {
  return { do: 'end_member', id, ...(cause === undefined ? {} : { cause }) }
}
