import type { HeardSound } from './heard-sound.ts'

/** What the carrier remembers of one call; the answer of its API. */
export interface CallRecord {
  id: string
  /** Seen from the carrier: `incoming` was dialled by the platform, `through` is one that goes back to it. */
  direction: 'incoming' | 'outgoing' | 'through'
  from: string
  to: string
  /** What stood before the number that was dialled: a tech prefix. */
  prefix?: string
  state: 'dialing' | 'ringing' | 'answered' | 'ended'
  /** The SIP statuses above 100 of its INVITE in their order, each once: what the carrier said, or was told where it called. */
  statuses: number[]
  /** The steps that were begun. */
  steps: string[]
  /** Keys that were pressed at the other end. */
  digits: string
  /** What the last `listen` heard; absent before it is over. */
  heard?: HeardSound
  /** How it ended; `cause` is Q.850, `status` that of a call which was refused. */
  end?: { by: 'remote' | 'local'; why: string; cause?: number; status?: number }
  tm_create: string
  tm_answer?: string
  tm_end?: string
}

/** How many calls are remembered. */
const MOST = 500

/** The calls of the carrier by their id, and while they last by the Call-ID of their dialogs. */
export class CallLog {
  readonly #calls = new Map<string, CallRecord>()
  readonly #byCallId = new Map<string, CallRecord>()

  add(record: CallRecord): void {
    this.#calls.set(record.id, record)
    const [oldest] = this.#calls.keys()
    if (this.#calls.size > MOST && oldest !== undefined) this.#calls.delete(oldest)
  }

  find(id: string): CallRecord | undefined {
    return this.#calls.get(id)
  }

  /** The newest first. */
  list(): CallRecord[] {
    return [...this.#calls.values()].reverse()
  }

  /** The statuses of this dialog's INVITE are noted with the call until `unwatch`. */
  watch(callId: string, record: CallRecord): void {
    this.#byCallId.set(callId, record)
  }

  unwatch(record: CallRecord): void {
    for (const [callId, each] of this.#byCallId) if (each === record) this.#byCallId.delete(callId)
  }

  /** Whether any call is watched. */
  get watching(): boolean {
    return this.#byCallId.size > 0
  }

  noteStatus(callId: string, status: number): void {
    const record = this.#byCallId.get(callId)
    if (record && status > 100 && !record.statuses.includes(status)) record.statuses.push(status)
  }
}
