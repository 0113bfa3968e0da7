import { sql } from 'kysely'
import type { AnyTransaction } from '#platform/db'
import { NIL_UUID } from '#platform/ids'

interface Tables {
  provisioning_revision: { revision: number }
}

/** How far a reader has followed the changes of a table: several rows may have been changed as one. */
export interface RevisionCursor {
  revision: number
  id: string
}

/** Before the first change. */
export const BEGINNING: RevisionCursor = { revision: 0, id: NIL_UUID }

/** What comes after this, in order. */
export function after({ revision, id }: RevisionCursor) {
  return sql<boolean>`(revision, id) > (${revision}::bigint, ${id}::uuid)`
}

/**
 * The number of the next change of providers and routes. It is held until the transaction ends, so that changes are
 * committed in the order of their numbers; take it last.
 */
export async function nextRevision(trx: AnyTransaction): Promise<number> {
  const row = await trx
    .kysely<Tables>()
    .updateTable('provisioning_revision')
    .set({ revision: sql<number>`revision + 1` })
    .returning('revision')
    .executeTakeFirstOrThrow()
  return row.revision
}
