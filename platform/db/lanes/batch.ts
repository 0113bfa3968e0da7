import type pg from 'pg'
import type { Session } from '../session.ts'
import type { Statement } from './statement.ts'

/** The names under which a connection has prepared statements, by text. */
export type Prepared = Map<string, string>

/**
 * Runs the statements as one transaction in one round trip: without a `Sync` between them the server commits them together
 * or, at the first that fails, none. Rejects with that failure. `prepared` belongs to the session.
 */
export function runBatch(session: Session, prepared: Prepared, statements: readonly Statement[]): Promise<void> {
  return new Promise((resolve, reject) => {
    session.submit(new Batch(statements, prepared, (failure) => (failure === undefined ? resolve() : reject(failure))))
  })
}

let names = 0

class Batch implements pg.Submittable {
  readonly #statements: readonly Statement[]
  readonly #prepared: Prepared
  readonly #parsed: string[] = []
  readonly #ended: (failure: unknown) => void

  constructor(statements: readonly Statement[], prepared: Prepared, ended: (failure: unknown) => void) {
    this.#statements = statements
    this.#prepared = prepared
    this.#ended = ended
  }

  submit(connection: pg.Connection): void {
    connection.stream.cork()
    for (const { text, values } of this.#statements) {
      const statement = this.#prepared.get(text) ?? this.#parse(connection, text)
      connection.bind({ portal: '', statement, values }, true)
      connection.execute({ portal: '' }, true)
    }
    connection.sync()
    connection.stream.uncork()
  }

  handleDataRow(): void {}

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#ended(undefined)
  }

  handleError(error: unknown): void {
    // which of them the server came to before it failed is not told: they are prepared again, under new names
    for (const text of this.#parsed) this.#prepared.delete(text)
    this.#ended(error)
  }

  #parse(connection: pg.Connection, text: string): string {
    const name = `lane_${++names}`
    this.#prepared.set(text, name)
    this.#parsed.push(text)
    connection.parse({ text, name, types: [] }, true)
    return name
  }
}
