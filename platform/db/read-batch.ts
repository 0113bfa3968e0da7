import type pg from 'pg'
import { columnTypes } from './column-types.ts'
import { judgeFailure } from './failure.ts'

/** A read on its way: what is asked, and who waits for the rows. */
export interface KeyRead {
  text: string
  values: readonly string[]
  /** Nobody waits for it any more. */
  isUnwanted(): boolean
  give(rows: object[]): void
  refuse(error: unknown): void
  /** Asks over a connection of its own instead, until the deadline of whoever waits. */
  alone(): void
}

/** What a connection knows of a statement: its name there, and how its rows are built once one has been described. */
interface Statement {
  name: string
  columns?: { name: string; read: (text: string) => unknown }[]
}

/** The statements of one connection, by text. */
export type Statements = Map<string, Statement>

/** What the driver calls on the query that is under way. */
type DriverQuery = pg.Submittable & {
  handleRowDescription(message: { fields: pg.FieldDef[] }): void
  handleDataRow(message: { fields: (string | null)[] }): void
  handleCommandComplete(): void
  handleReadyForQuery(): void
  handleError(error: unknown): void
}

/** Several reads as one query of the driver: all are asked in one write, before the first is answered, with one `Sync`. */
export class ReadBatch implements DriverQuery {
  readonly #reads: readonly KeyRead[]
  readonly #statements: Statements
  readonly #ended: (failure: unknown) => void
  /** The read whose answer comes, what has come of it, and what was wrong with that. */
  #at = 0
  #rows: object[] = []
  #fault: unknown

  /** `ended` hears when the server is done with all of it; a failure leaves what has not been given to whoever listens. */
  constructor(reads: readonly KeyRead[], statements: Statements, ended: (failure: unknown) => void) {
    this.#reads = reads
    this.#statements = statements
    this.#ended = ended
  }

  /** The reads that have not been answered. */
  get left(): readonly KeyRead[] {
    return this.#reads.slice(this.#at)
  }

  submit(connection: pg.Connection): void {
    connection.stream.cork()
    for (const { text, values } of this.#reads) {
      const statement = this.#statements.get(text) ?? this.#parse(connection, text)
      connection.bind({ portal: '', statement: statement.name, values: [...values] }, false)
      if (!statement.columns) connection.describe({ type: 'P', name: '' }, false)
      connection.execute({ portal: '' }, false)
    }
    connection.sync()
    connection.stream.uncork()
  }

  handleRowDescription({ fields }: { fields: pg.FieldDef[] }): void {
    const statement = this.#statements.get(this.#reads[this.#at]?.text ?? '')
    if (!statement) return
    statement.columns = fields.map(({ name, dataTypeID }) => ({
      name,
      read: columnTypes.getTypeParser(dataTypeID, 'text') as (text: string) => unknown,
    }))
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const columns = this.#statements.get(this.#reads[this.#at]?.text ?? '')?.columns ?? []
    const row: Record<string, unknown> = {}
    try {
      for (let nth = 0; nth < columns.length; nth++) {
        const column = columns[nth]
        const text = fields[nth]
        if (column) row[column.name] = text === null || text === undefined ? null : column.read(text)
      }
      this.#rows.push(row)
    } catch (error) {
      this.#fault = error
    }
  }

  handleCommandComplete(): void {
    const read = this.#reads[this.#at++]
    const [rows, fault] = [this.#rows, this.#fault]
    this.#rows = []
    this.#fault = undefined
    if (fault === undefined) read?.give(rows)
    else read?.refuse(judgeFailure(fault))
  }

  handleReadyForQuery(): void {
    this.#ended(undefined)
  }

  handleError(error: unknown): void {
    this.#ended(error)
  }

  #parse(connection: pg.Connection, text: string): Statement {
    const statement = { name: `key_${this.#statements.size}` }
    this.#statements.set(text, statement)
    connection.parse({ text, name: statement.name, types: [] }, false)
    return statement
  }
}
