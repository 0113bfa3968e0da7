import { sql } from 'kysely'
import type { AnyTransaction } from '#platform/db'
import type { RingRow } from './ring.ts'

interface Tables {
  agent_rings: RingRow
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of calls that ring at agents. */
export class RingStore {
  /** Platform-wide: one of which there is something to show, held until the transaction ends. */
  news(trx: AnyTransaction): Promise<RingRow | undefined> {
    return on(trx)
      .selectFrom('agent_rings')
      .selectAll()
      .where(sql<boolean>`state <> shown`)
      .orderBy('groupcall_id')
      .limit(1)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst()
  }

  /** Enters that it rings is shown; what is over goes. */
  async shown(trx: AnyTransaction, { groupcall_id, state }: RingRow): Promise<void> {
    if (state === 'ringing')
      await on(trx)
        .updateTable('agent_rings')
        .set({ shown: 'ringing' })
        .where('groupcall_id', '=', groupcall_id)
        .execute()
    else await on(trx).deleteFrom('agent_rings').where('groupcall_id', '=', groupcall_id).execute()
  }

  /** Whether another call rings at the agent. */
  async ringsElsewhere(trx: AnyTransaction, { agent_id, groupcall_id }: RingRow): Promise<boolean> {
    const row = await on(trx)
      .selectFrom('agent_rings')
      .select('groupcall_id')
      .where('agent_id', '=', agent_id)
      .where('groupcall_id', '<>', groupcall_id)
      .where('shown', '=', 'ringing')
      .where('state', '=', 'ringing')
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }

  /** Platform-wide, for the clearing up after a crash. */
  async missed(trx: AnyTransaction, groupcall_ids: readonly string[]): Promise<void> {
    if (groupcall_ids.length === 0) return
    await on(trx)
      .updateTable('agent_rings')
      .set({ state: 'missed' })
      .where('groupcall_id', 'in', groupcall_ids)
      .where('state', '=', 'ringing')
      .execute()
  }
}
