import { Kysely, PostgresDialect, type SelectQueryBuilder } from 'kysely'
import type { Database } from './database.ts'

/** Builds texts and asks nobody. */
const builder = new Kysely<never>({ dialect: new PostgresDialect({ pool: { options: {} } as never }) })

/** A `SELECT` of one row by the parts of its key. */
type Build<Tables, Row> = (
  tables: Kysely<Tables>,
  ...key: string[]
) => SelectQueryBuilder<Tables, keyof Tables & string, Row>

/**
 * A look-up by key that is asked all the time, outside of transactions: its text is built once, and it is read by
 * `Database.read`. It gives the row, or `undefined`.
 */
export function keyedRead<Tables, Row extends object>(
  db: Database,
  build: Build<Tables, Row>,
): (...key: string[]) => Promise<Row | undefined> {
  let made: ReturnType<typeof make> | undefined
  return async (...key) => {
    made ??= make(build, key.length)
    const [row] = await db.read<Row>(made.text, made.values(key))
    return row
  }
}

/** Builds the text with marks in the place of the key's parts, to learn where they go. */
function make<Tables, Row>(build: Build<Tables, Row>, parts: number) {
  const marks = Array.from({ length: parts }, (_, nth) => `\0part ${nth}`)
  const { sql: text, parameters } = build(builder as unknown as Kysely<Tables>, ...marks).compile()
  const places = parameters.map((parameter) => ({ part: marks.indexOf(String(parameter)), fixed: String(parameter) }))
  const values = (key: readonly string[]) => places.map(({ part, fixed }) => key[part] ?? fixed)
  return { text, values }
}
