import type { AgentRings } from '#managers/agent'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { CAUSE, reasonHeader } from '#telecom/line'
import type { Credentials, SipStackDoor } from '#telecom/sip'
import { isAnswered } from './agent-ring.ts'
import type { Call } from './call.ts'
import { callEvent } from './events.ts'
import { groupcallEvent } from './groupcall-events.ts'
import { type GroupcallRow, GroupcallStore } from './groupcall-store.ts'
import { RouteAttemptStore } from './route-attempt-store.ts'
import { type CallRow, CallStore } from './store.ts'
import { transferEvent } from './transfer-events.ts'
import { type TransferRow, TransferStore } from './transfer-store.ts'

/** A life of a node that is over, and when it was last known to be there (`DeadIncarnation` of `#platform/node`). */
export interface DeadLife {
  node: string
  incarnation: string
  last_beat: Timestamp
}

/** Ends what belonged to calls that are closed, in the same transaction (their activeflows). */
export type OnCallsClosed = (trx: AnyTransaction, calls: readonly Call[]) => Promise<void>

/** Who we are to a provider, now. */
export interface CarrierSecrets {
  find(provider_id: string): { credentials?: Credentials } | undefined
}

const BATCH = 200

/**
 * Clears up after lives that are over: every leg gets a BYE, every call is closed as `failed` no later than its node was
 * last seen, groupcalls, transfers, events and activeflows follow in the same transaction. Safe to repeat and to run on several nodes at once.
 */
export class CallRecovery {
  readonly #db: Database
  readonly #store: CallStore
  readonly #routes: RouteAttemptStore
  readonly #carriers: CarrierSecrets
  readonly #groupcalls: GroupcallStore
  readonly #transfers: TransferStore
  readonly #sip: Pick<SipStackDoor, 'byeFromState'>
  readonly #clock: Clock
  readonly #log: Log
  readonly #heir: { node: string; incarnation: string }
  readonly #onClosed: OnCallsClosed
  readonly #agentRings: AgentRings | undefined

  constructor(needs: {
    db: Database
    sip: Pick<SipStackDoor, 'byeFromState'>
    carriers: CarrierSecrets
    clock: Clock
    log: Log
    node: string
    incarnation: string
    onClosed: OnCallsClosed
    agentRings?: AgentRings
  }) {
    this.#db = needs.db
    this.#store = new CallStore(needs.db)
    this.#routes = new RouteAttemptStore(needs.db)
    this.#carriers = needs.carriers
    this.#groupcalls = new GroupcallStore(needs.db)
    this.#transfers = new TransferStore(needs.db)
    this.#sip = needs.sip
    this.#clock = needs.clock
    this.#log = needs.log
    this.#heir = { node: needs.node, incarnation: needs.incarnation }
    this.#onClosed = needs.onClosed
    this.#agentRings = needs.agentRings
  }

  /** Gives how many calls were closed. The SIP stack must be listening. */
  async recover(lives: readonly DeadLife[]): Promise<number> {
    let closed = 0
    for (const life of lives) {
      for (let batch = BATCH; batch === BATCH; closed += batch) batch = await this.#closeBatch(life)
      for (let batch = BATCH; batch === BATCH; ) batch = await this.#closeGroupcalls(life)
      for (let batch = BATCH; batch === BATCH; ) batch = await this.#closeTransfers(life)
    }
    this.#agentRings?.stored()
    if (closed > 0) this.#log.info({ closed, lives: lives.length }, 'calls of earlier lives were closed')
    return closed
  }

  #closeBatch(life: DeadLife): Promise<number> {
    return this.#db.transaction(async (trx: AnyTransaction) => {
      const orphans = await this.#store.orphans(trx, life, BATCH)
      const now = timestamp(this.#clock.wallMs())
      const closed = orphans.map((row) => closeOrphan(row, life.last_beat, now))
      const dialled = orphans.filter(({ direction, dialog }) => direction === 'outgoing' && dialog !== null)
      const providers = await this.#routes.providersOf(trx, dialled)
      for (const orphan of orphans) this.#sayBye(orphan, providers.get(orphan.id))
      for (const row of closed) {
        await this.#store.close(trx, row, this.#heir)
      }
      await appendEvents(
        trx,
        closed.map((row) => callEvent('call_hangup', callOf(row))),
      )
      await this.#onClosed(trx, closed.map(callOf))
      return orphans.length
    })
  }

  /** After their members: nobody of them is alive any more. */
  #closeGroupcalls(life: DeadLife): Promise<number> {
    return this.#db.transaction(async (trx: AnyTransaction) => {
      const orphans = await this.#groupcalls.orphans(trx, life, BATCH)
      const tm_update = timestamp(this.#clock.wallMs())
      const closed = orphans.map((row): GroupcallRow => {
        const over = { status: 'hangup', call_count: 0, groupcall_count: 0, tm_update } as const
        return { ...row, ...over, ...this.#heir }
      })
      for (const row of closed) await this.#groupcalls.close(trx, row)
      await appendEvents(
        trx,
        closed.map(({ node: _n, incarnation: _i, ...groupcall }) => groupcallEvent('groupcall_hangup', groupcall)),
      )
      const unanswered = closed.filter((row) => !isAnswered(row)).map(({ id }) => id)
      await this.#agentRings?.missed(trx, unanswered)
      return orphans.length
    })
  }

  /** Nobody is left whom they could hand over. */
  #closeTransfers(life: DeadLife): Promise<number> {
    return this.#db.transaction(async (trx: AnyTransaction) => {
      const orphans = await this.#transfers.orphans(trx, life, BATCH)
      const tm_update = timestamp(this.#clock.wallMs())
      const closed = orphans.map((row): TransferRow => ({ ...row, status: 'failed', tm_update, ...this.#heir }))
      for (const row of closed) await this.#transfers.close(trx, row)
      await appendEvents(
        trx,
        closed.map(({ node: _n, incarnation: _i, ...transfer }) => transferEvent('transfer_failed', transfer)),
      )
      return orphans.length
    })
  }

  /**
   * Before the commit: a BYE too many does no harm, one that is forgotten leaves a phone in a dead call. A callee who has
   * not answered has no dialog to end; its answer finds nobody, and its phone gives up.
   * A carrier may ask who we are before it believes the BYE, and charges for the call until it does.
   */
  #sayBye(row: CallRow, provider_id: string | undefined): void {
    if (!row.dialog || row.dialog.remote_tag === '') return
    const credentials = provider_id === undefined ? undefined : this.#carriers.find(provider_id)?.credentials
    try {
      this.#sip.byeFromState(row.dialog, {
        headers: { Reason: reasonHeader(CAUSE.temporaryFailure) },
        ...(credentials ? { credentials } : {}),
      })
    } catch (error) {
      this.#log.warn({ call_id: row.id, error }, 'a leg of an earlier life could not be ended')
    }
  }
}

/** Times never run backwards, and nothing is said to have happened after its node was last seen. */
export function closeOrphan(row: CallRow, last_beat: Timestamp, now: Timestamp): CallRow {
  const lived = latest([row.tm_create, row.tm_ringing, row.tm_progressing, row.tm_update])
  const seen = earliest([last_beat, now])
  return {
    ...row,
    status: 'hangup',
    hangup_by: 'local',
    hangup_reason: 'failed',
    tm_hangup: latest([lived, seen]),
    tm_update: latest([lived, now]),
    recording_id: NIL_UUID,
    dialog: null,
  }
}

/** Wire timestamps sort like the moments that they name. */
function latest(times: readonly (Timestamp | null)[]): Timestamp {
  return (
    times
      .filter((time) => time !== null)
      .toSorted()
      .at(-1) ?? ''
  )
}

function earliest(times: readonly Timestamp[]): Timestamp {
  return times.toSorted()[0] ?? ''
}

function callOf({ node: _n, incarnation: _i, dialog: _d, ...call }: CallRow): Call {
  return call
}
