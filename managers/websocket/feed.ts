import type { EventPage, PublicEvent, PublicEvents } from '#platform/events'
import type { FanOut } from './fan-out.ts'
import { OutgoingEvent } from './outgoing-event.ts'
import type { Places } from './places.ts'
import { publishedTopics } from './published-topics.ts'
import { TopicIndex } from './topic-index.ts'

/** Events that are read at a time. */
const BATCH = 100
/** The same for one who catches up: all of it may wait for its socket, and it waits before it reads more. */
const REPLAY_BATCH = 25

/** A socket as its feed sees it. */
export interface Listener {
  deliver(event: OutgoingEvent): void
  /** Says something that is no event. */
  say(text: string): void
  /** `undefined` when nothing waits to be sent, else resolves when that is so or the socket is closed. */
  drained(): Promise<void> | undefined
  readonly closed: boolean
}

/** One socket's share in a feed: its topics, and from where on it has been told everything. */
interface Member {
  listener: Listener
  prefixes: Set<string>
  /** It has been told what comes up to here. */
  through: number
  /** Whether the feed tells it; until then it is catching up by itself. */
  joined: boolean
}

export interface FeedNeeds {
  events: PublicEvents
  fanOut: FanOut
  /** How many readings of the ledger go on at the same time, over all customers. */
  reading: Places
  /** Nobody listens any more. */
  onIdle: () => void
  /** Something could not be read; resolves when it is time to try again. */
  onFailure: (error: unknown) => Promise<void>
}

/**
 * A customer's public events on their way to the sockets that subscribed to something of it. It reads the ledger in order,
 * from where it stood when the first one came; each event goes to each socket once, and nothing is kept for anybody: who
 * comes late, or back, catches up from the ledger by itself and then joins.
 */
export class Feed {
  readonly customer_id: string
  readonly #needs: FeedNeeds
  readonly #members = new Map<Listener, Member>()
  readonly #index = new TopicIndex<Member>()
  readonly #opened = Promise.withResolvers<void>()
  /** Everything up to this sequence has been handed out; `undefined` until it is known where to begin. */
  #through: number | undefined
  #running = false
  #again = false
  #closed = false

  constructor(customer_id: string, needs: FeedNeeds) {
    this.customer_id = customer_id
    this.#needs = needs
  }

  /**
   * Adds topics of a socket, those of one customer. Resolves to the sequence behind which it will be told everything: that
   * of this moment, or `after` where this is its first topic; `undefined` when the feed or the socket closed meanwhile.
   */
  async subscribe(listener: Listener, prefixes: readonly string[], after?: number): Promise<number | undefined> {
    const known = this.#members.get(listener)
    const member = known ?? { listener, prefixes: new Set<string>(), through: 0, joined: false }
    this.#members.set(listener, member)
    for (const prefix of prefixes) {
      member.prefixes.add(prefix)
      if (member.joined) this.#index.add(prefix, member)
    }
    if (this.#through === undefined) this.wake()
    await this.#opened.promise
    if (this.#through === undefined || this.#members.get(listener) !== member) return undefined
    if (known) return this.#through
    member.through = after === undefined ? this.#through : Math.min(after, this.#through)
    const begins = member.through
    this.#catchUp(member)
    return begins
  }

  /** Takes topics away. */
  unsubscribe(listener: Listener, prefixes: Iterable<string>): void {
    const member = this.#members.get(listener)
    if (!member) return
    for (const prefix of prefixes) {
      member.prefixes.delete(prefix)
      if (member.joined) this.#index.remove(prefix, member)
    }
    if (member.prefixes.size > 0) return
    this.#members.delete(listener)
    if (this.#members.size === 0) this.#needs.onIdle()
  }

  /** Takes all topics of a socket away. */
  leave(listener: Listener): void {
    this.unsubscribe(listener, [...(this.#members.get(listener)?.prefixes ?? [])])
  }

  /** What the ledger's head is known to be: wakes the feed when that is further than it has come. */
  seen(head: number): void {
    if (this.#through === undefined || head > this.#through) this.wake()
  }

  /** There may be something to read. */
  wake(): void {
    this.#again = true
    if (!this.#running) void this.#run()
  }

  close(): void {
    this.#closed = true
    this.#opened.resolve()
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      while (this.#again && !this.#closed) {
        this.#again = false
        await this.#open()
        await this.#handOut(await this.#read(this.#through ?? 0, BATCH))
      }
    } catch (error) {
      this.#again = true
      await this.#needs.onFailure(error)
    }
    this.#running = false
    if (this.#again && !this.#closed) this.wake()
  }

  async #open(): Promise<void> {
    if (this.#through !== undefined) return
    const { reading, events } = this.#needs
    const heads = await reading.take(() => events.heads([this.customer_id]))
    this.#through = heads.get(this.customer_id) ?? 0
    this.#opened.resolve()
  }

  #read(after: number, limit: number): Promise<EventPage> {
    const { reading, events } = this.#needs
    return reading.take(() => events.listEvents(this.customer_id, { after, limit }))
  }

  async #handOut({ result, next_after }: EventPage): Promise<void> {
    for (const event of result) {
      if (this.#closed) return
      this.#through = event.sequence
      const outgoing = new OutgoingEvent(event)
      const members = this.#index.match(publishedTopics(this.customer_id, event))
      await this.#needs.fanOut.each(members, (member) => tell(member, outgoing))
    }
    this.#through = next_after
    if (result.length === BATCH) this.#again = true
  }

  /** Brings a member from where it is to where the feed is, in one go where that is the same. */
  #catchUp(member: Member): void {
    if (member.through >= (this.#through ?? 0)) this.#join(member)
    else void this.#replay(member)
  }

  #join(member: Member): void {
    member.joined = true
    for (const prefix of member.prefixes) this.#index.add(prefix, member)
  }

  /** Reads what a member missed, as fast as it takes it, and never more than a batch ahead of it. */
  async #replay(member: Member): Promise<void> {
    const isOver = () => this.#closed || member.listener.closed || this.#members.get(member.listener) !== member
    while (member.through < (this.#through ?? 0)) {
      try {
        await this.#replayBatch(member, isOver)
      } catch (error) {
        await this.#needs.onFailure(error)
      }
      if (isOver()) return
    }
    this.#join(member)
  }

  async #replayBatch(member: Member, isOver: () => boolean): Promise<void> {
    await member.listener.drained()
    if (isOver()) return
    const { result, next_after, missing } = await this.#read(member.through, REPLAY_BATCH)
    if (isOver()) return
    if (missing) member.listener.say(JSON.stringify({ type: 'gap', data: missing }))
    for (const event of result) if (concerns(this.customer_id, event, member)) tell(member, new OutgoingEvent(event))
    member.through = next_after
  }
}

/** Nobody is told what he has been told already, or said that he knows. */
function tell(member: Member, event: OutgoingEvent): void {
  if (event.sequence <= member.through || member.listener.closed) return
  member.through = event.sequence
  member.listener.deliver(event)
}

function concerns(customer: string, event: PublicEvent, { prefixes }: Member): boolean {
  return publishedTopics(customer, event).some((topic) => [...prefixes].some((prefix) => topic.startsWith(prefix)))
}
