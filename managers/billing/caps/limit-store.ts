import type { AnyTransaction, Database } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import {
  type CredentialKind,
  type CredentialLimits,
  type CustomerLimits,
  DEFAULT_CUSTOMER_LIMITS,
  DEFAULT_LIMITS,
  defaultLimitsOf,
  lowerOf,
  type SpendingLimits,
  spendingLimitsOf,
} from './limits.ts'

/** Whose limits a row says; `ceiling`: what the super admin lets the customer say at the most. */
export type LimitsKind = 'ceiling' | 'customer' | CredentialKind

/** What was said of somebody; members that were not are as the defaults have them. */
export interface SaidLimits {
  kind: LimitsKind
  /** The nil UUID for the customer as a whole. */
  subject_id: string
  limits: object
}

interface Tables {
  spending_limits: SaidLimits & { customer_id: string; tm_update: Timestamp }
}

/** SQL of the limits: what was said of them. */
export class LimitStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Of the customer as a whole, and of these of its credentials. */
  said(
    customer: string,
    subjects: readonly string[] = [],
    via: AnyTransaction | Database = this.#db,
  ): Promise<SaidLimits[]> {
    return via
      .kysely<Tables>()
      .selectFrom('spending_limits')
      .select(['kind', 'subject_id', 'limits'])
      .where('customer_id', '=', customer)
      .where('subject_id', 'in', [NIL_UUID, ...subjects])
      .execute()
  }

  /** What was said of one, held until the transaction ends; nothing where nothing was. */
  async lock(trx: AnyTransaction, customer: string, kind: LimitsKind, subject_id: string): Promise<object | undefined> {
    const row = await trx
      .kysely<Tables>()
      .selectFrom('spending_limits')
      .select('limits')
      .where('customer_id', '=', customer)
      .where('kind', '=', kind)
      .where('subject_id', '=', subject_id)
      .forUpdate()
      .executeTakeFirst()
    return row?.limits
  }

  /** Says it anew, whole. */
  async save(trx: AnyTransaction, customer: string, said: SaidLimits, tm_update: Timestamp): Promise<void> {
    const { limits } = said
    await trx
      .kysely<Tables>()
      .insertInto('spending_limits')
      .values({ ...said, customer_id: customer, tm_update })
      .onConflict((conflict) =>
        conflict.columns(['customer_id', 'kind', 'subject_id']).doUpdateSet({ limits, tm_update }),
      )
      .execute()
  }
}

function find(said: readonly SaidLimits[], kind: LimitsKind, id: string = NIL_UUID): object | undefined {
  return said.find((row) => row.kind === kind && row.subject_id === id)?.limits
}

/** What a customer may allow itself at the most. */
export function ceilingOf(said: readonly SaidLimits[]): SpendingLimits {
  return { ...DEFAULT_LIMITS.customer, ...find(said, 'ceiling') }
}

/**
 * What holds for a customer as a whole: its own word within its ceiling, and the ceiling where it said nothing. Callers from
 * outside may cause as much again as it may spend, unless it says otherwise.
 */
export function customerLimitsOf(said: readonly SaidLimits[]): CustomerLimits {
  const ceiling = ceilingOf(said)
  const word: Partial<CustomerLimits> = find(said, 'customer') ?? {}
  const own = lowerOf({ ...DEFAULT_CUSTOMER_LIMITS, ...ceiling, ...word }, ceiling)
  return { ...own, outside: lowerOf({ ...spendingLimitsOf(own), ...word.outside }, ceiling) }
}

/** What holds for one of its credentials. */
export function credentialLimitsOf(said: readonly SaidLimits[], kind: CredentialKind, id: string): CredentialLimits {
  return { ...defaultLimitsOf(kind), ...find(said, kind, id) }
}
