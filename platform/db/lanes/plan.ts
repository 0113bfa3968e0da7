import type { LaneTable } from '../lane.ts'

/** One row on its way: as JSON, taken when it was written, so that a later change of the object changes nothing. */
export interface PlannedRow {
  table: LaneTable
  json: string
  /** The values of the key columns; empty where the table names none. */
  key: string
}

/** Rows for one table in one statement. */
export interface TableRows {
  table: LaneTable
  rows: string[]
}

/**
 * Sorts the rows of a batch into as few statements as keep their meaning, to be run one after the other in one transaction:
 * one per table, of the same row only the last upsert or delete. Where one table takes an upsert and a delete (or another
 * set of columns) of the same row, the later one is another statement.
 */
export function planBatch(rows: Iterable<PlannedRow>): TableRows[] {
  const statements: Statement[] = []
  const touched = new Map<string, { statement: Statement; at: number }>()
  for (const row of rows) {
    const place = `${row.table.name}\0${row.key}`
    const before = row.key === '' ? undefined : touched.get(place)
    if (before?.statement.table === row.table && row.table.mode !== 'append') {
      before.statement.rows[before.at] = row.json
      continue
    }
    const statement = statementAfter(statements, row, before?.statement)
    statement.rows.push(row.json)
    if (row.key !== '') touched.set(place, { statement, at: statement.rows.length - 1 })
  }
  return statements
}

interface Statement extends TableRows {
  index: number
}

/** The statement of this table that comes after everything the row must not overtake; a new one where there is none. */
function statementAfter(statements: Statement[], row: PlannedRow, before: Statement | undefined): Statement {
  let after = before === undefined || before.table === row.table ? -1 : before.index
  for (const other of statements) {
    if (other.table.name !== row.table.name || other.table === row.table) continue
    if (row.key === '' || other.table.key.length === 0) after = Math.max(after, other.index)
  }
  const found = statements.findLast((each) => each.table === row.table && each.index > after)
  if (found) return found
  const made: Statement = { table: row.table, rows: [], index: statements.length }
  statements.push(made)
  return made
}
