import pg from 'pg'
import { UnsafeInteger } from './column-types.ts'
import { DatabaseUnavailable } from './unavailable.ts'

/**
 * Classes of SQLSTATE that speak of the server and not of the statement: connection, resources, operator intervention,
 * system trouble.
 */
const SERVER_CLASSES = ['08', '53', '57', '58']
/** `query_canceled`: the server's statement or lock timeout. */
const CANCELLED = '57014'
/** The shape of a table changed under a prepared statement: a new connection prepares it anew. */
const STALE_PLAN = { code: '0A000', routine: 'RevalidateCachedQuery' }
/** Trouble that passes when the same thing is done again: serialization, deadlock, lock, read-only stand-by. */
const PASSING = ['40001', '40P01', '55P03', '25006']

/** What a failed statement means: `DatabaseUnavailable` where the server is to blame, else the error as it came. */
export function judgeFailure(error: unknown): unknown {
  if (error instanceof DatabaseUnavailable) return error
  if (error instanceof pg.DatabaseError) {
    if (error.code === CANCELLED) return new DatabaseUnavailable('timeout', { cause: error })
    if (SERVER_CLASSES.includes(error.code?.slice(0, 2) ?? '') || isStalePlan(error))
      return new DatabaseUnavailable('unreachable', { cause: error })
    return error
  }
  if (error instanceof TypeError || error instanceof UnsafeInteger || error instanceof SyntaxError) return error
  return error instanceof Error ? new DatabaseUnavailable('unreachable', { cause: error }) : error
}

function isStalePlan({ code, routine }: pg.DatabaseError): boolean {
  return code === STALE_PLAN.code && routine === STALE_PLAN.routine
}

/** Whether doing the very same thing again may succeed: nothing is wrong with what was asked. */
export function mayPass(error: unknown): boolean {
  if (error instanceof pg.DatabaseError && PASSING.includes(error.code ?? '')) return true
  return judgeFailure(error) instanceof DatabaseUnavailable
}

/** The constraint that a row would have broken by being there twice; `undefined` when the failure is another one. */
export function uniqueViolation(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError && error.code === '23505' ? (error.constraint ?? '') : undefined
}

/** The SQLSTATE of a failure that the server reported. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}
