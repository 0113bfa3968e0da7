import type pg from 'pg'
import { columnTypes } from './column-types.ts'
import type { Result } from './session.ts'

/** A statement on its way, and who waits for what it gives. */
export interface Asked {
  text: string
  /** As the protocol takes them. */
  values: readonly ParameterValue[]
  /** It is asked often: the server keeps it prepared for the connection. */
  isPrepared: boolean
  give(result: Result<object>): void
  /** What was given cannot be read. */
  refuse(error: unknown): void
}

/** A parameter as the protocol takes it. */
export type ParameterValue = string | Buffer | null

/** What a connection knows of the statements that are prepared there. */
export interface Statements {
  byText: Map<string, Statement>
  /** Names of those that may be prepared or not: taken back before the next is asked, which is no error where it is not there. */
  doubtful: string[]
}

interface Statement {
  name: string
  /** Its rows have been described. */
  isDescribed: boolean
  columns: Column[]
}

interface Column {
  name: string
  read: (text: string) => unknown
}

/** What the driver calls on the query that is under way. */
type DriverQuery = pg.Submittable & {
  handleRowDescription(message: { fields: pg.FieldDef[] }): void
  handleDataRow(message: { fields: (string | null)[] }): void
  handleCommandComplete(message: { text: string }): void
  handleReadyForQuery(): void
  handleError(error: unknown): void
}

let names = 0

/**
 * Several statements as one query of the driver: all are asked in one write, before the first is answered, with one `Sync`
 * behind them. The server carries them out in order and answers in one piece; outside of a transaction it commits them together, and
 * only with the `Sync`: what they gave is told when that has been done. Behind one that fails none is carried out. `statements`
 * belongs to the connection.
 */
export class Pipeline implements DriverQuery {
  readonly #asked: readonly Asked[]
  readonly #statements: Statements
  readonly #ended: (failure: unknown) => void
  /** The statement of each, and those that are parsed with this. */
  readonly #used: Statement[] = []
  readonly #parsed = new Set<Statement>()
  /** Tells those that have been carried out what they gave. */
  readonly #tell: (() => void)[] = []
  /** The one whose answer comes, what has come of it, and what was wrong with that. */
  #at = 0
  #rows: object[] = []
  #fault: unknown

  /** `ended` hears when the server is done with all of it; with a failure of which nobody in `left` has heard. */
  constructor(asked: readonly Asked[], statements: Statements, ended: (failure: unknown) => void) {
    this.#asked = asked
    this.#statements = statements
    this.#ended = ended
  }

  /** Those that have not been told: all of them, where the commit failed. */
  get left(): readonly Asked[] {
    return this.#asked.slice(this.#at)
  }

  submit(connection: pg.Connection): void {
    connection.stream.cork()
    for (const name of this.#statements.doubtful.splice(0)) connection.close({ type: 'S', name }, true)
    for (const { text, values, isPrepared } of this.#asked) {
      const statement = (isPrepared && this.#statements.byText.get(text)) || this.#parse(connection, text, isPrepared)
      this.#used.push(statement)
      connection.bind({ portal: '', statement: statement.name, values: [...values] }, true)
      if (!statement.isDescribed) connection.describe({ type: 'P', name: '' }, true)
      connection.execute({ portal: '' }, true)
    }
    connection.sync()
    connection.stream.uncork()
  }

  handleRowDescription({ fields }: { fields: pg.FieldDef[] }): void {
    const statement = this.#used[this.#at]
    if (!statement) return
    statement.columns = fields.map(({ name, dataTypeID }) => ({
      name,
      read: columnTypes.getTypeParser(dataTypeID, 'text') as (text: string) => unknown,
    }))
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const columns = this.#used[this.#at]?.columns ?? []
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

  handleCommandComplete({ text }: { text: string }): void {
    const asked = this.#asked[this.#at]
    const statement = this.#used[this.#at++]
    if (statement) statement.isDescribed = true
    const [rows, fault] = [this.#rows, this.#fault]
    this.#rows = []
    this.#fault = undefined
    this.#tell.push(() => (fault === undefined ? asked?.give({ ...commandOf(text), rows }) : asked?.refuse(fault)))
  }

  handleReadyForQuery(): void {
    for (const tell of this.#tell) tell()
    this.#ended(undefined)
  }

  handleError(error: unknown): void {
    if (this.#at === this.#asked.length) this.#at = 0
    for (const tell of this.#tell.slice(0, this.#at)) tell()
    // whether the server came to prepare these is not told: they are prepared again, under another name
    const { byText, doubtful } = this.#statements
    for (const { text } of this.left) {
      const statement = byText.get(text)
      if (!statement || !this.#parsed.has(statement)) continue
      byText.delete(text)
      doubtful.push(statement.name)
    }
    this.#ended(error)
  }

  #parse(connection: pg.Connection, text: string, isPrepared: boolean): Statement {
    const statement = { name: isPrepared ? `strowger_${++names}` : '', isDescribed: false, columns: [] }
    if (isPrepared) {
      this.#statements.byText.set(text, statement)
      this.#parsed.add(statement)
    }
    connection.parse({ text, name: statement.name, types: [] }, true)
    return statement
  }
}

/** `INSERT 0 3`: the command, and how many rows it was about. */
function commandOf(text: string): { command: string; rowCount: number } {
  const words = text.split(' ')
  return { command: words[0] ?? '', rowCount: Number(words.length > 1 ? words.at(-1) : 0) || 0 }
}
