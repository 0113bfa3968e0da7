import type { LaneTable } from '../lane.ts'
import type { TableRows } from './plan.ts'

/** The SQLSTATE of a batch that is not the lane's next one: it has been written already. */
export const NOT_NEXT = 'LN001'
/** The SQLSTATE of a batch with a row whose guard no longer holds. */
export const FENCED = 'LN002'

export interface Statement {
  text: string
  values: unknown[]
  /** Under which it is prepared; undefined for a rare combination of tables. */
  name: string | undefined
}

/** How many combinations of tables are kept prepared per connection. */
const MOST_PREPARED = 100

/**
 * Writes one stage of a batch as a single statement: every table's rows come as one JSON parameter, so that the text
 * depends on the tables alone and is planned once.
 */
export class StatementWriter {
  readonly #tables = new Map<LaneTable, number>()
  readonly #texts = new Map<string, { text: string; name: string | undefined }>()

  /** The first stage also moves the lane from batch − 1 to `batch`, or fails with `NOT_NEXT`. */
  write(stage: readonly TableRows[], tick?: { lane: string; batch: number }): Statement {
    const signature = `${tick ? 'tick' : ''},${stage.map(({ table }) => this.#number(table)).join(',')}`
    let known = this.#texts.get(signature)
    if (!known) {
      const text = stageText(
        stage.map(({ table }) => table),
        tick !== undefined,
      )
      known = { text, name: this.#texts.size < MOST_PREPARED ? `lane_${this.#texts.size}` : undefined }
      if (known.name) this.#texts.set(signature, known)
    }
    const values: unknown[] = tick ? [tick.lane, tick.batch] : []
    for (const { table, rows } of stage) {
      values.push(`[${rows.join(',')}]`)
      if (countsGuarded(table)) values.push(rows.length)
    }
    return { text: known.text, name: known.name, values }
  }

  #number(table: LaneTable): number {
    const known = this.#tables.get(table)
    if (known !== undefined) return known
    const number = this.#tables.size
    this.#tables.set(table, number)
    return number
  }
}

function countsGuarded(table: LaneTable): boolean {
  return table.mode === 'upsert' && (table.guard?.length ?? 0) > 0
}

function stageText(tables: readonly LaneTable[], ticks: boolean): string {
  const parts: string[] = []
  const checks: string[] = []
  let parameter = 0
  const next = () => `$${++parameter}`
  if (ticks) {
    const lane = next()
    const batch = next()
    parts.push(
      `tick AS (UPDATE lane_batches SET batch = ${batch}::bigint, tm_update = now()
        WHERE lane = ${lane}::uuid AND batch = ${batch}::bigint - 1 RETURNING 1)`,
    )
    checks.push(`lane_check((SELECT count(*) FROM tick) = 1, '${NOT_NEXT}')`)
  }
  tables.forEach((table, at) => {
    const columns = Object.entries(table.columns)
    const shape = columns.map(([name, type]) => `${quote(name)} ${type}`).join(', ')
    parts.push(`r${at} AS (SELECT * FROM jsonb_to_recordset(${next()}::jsonb) AS r(${shape}))`)
    parts.push(`w${at} AS (${tableStatement(table, `r${at}`)})`)
    if (countsGuarded(table)) checks.push(`lane_check((SELECT count(*) FROM w${at}) = ${next()}::bigint, '${FENCED}')`)
    if (table.mode === 'delete' && table.guard?.length)
      checks.push(
        `lane_check(NOT EXISTS (SELECT 1 FROM ${quote(table.name)} t JOIN r${at} r ON ${same(table.key)}
          WHERE NOT (${same(table.guard)})), '${FENCED}')`,
      )
  })
  return `WITH ${parts.join(',\n')}\nSELECT ${checks.length > 0 ? checks.join(', ') : '1'}`
}

function tableStatement(table: LaneTable, rows: string): string {
  const name = quote(table.name)
  if (table.mode === 'delete') {
    const guard = table.guard?.length ? ` AND ${same(table.guard)}` : ''
    return `DELETE FROM ${name} t USING ${rows} r WHERE ${same(table.key)}${guard}`
  }
  const columns = Object.keys(table.columns).map(quote).join(', ')
  return `INSERT INTO ${name} AS t (${columns}) SELECT ${columns} FROM ${rows}${onConflict(table)} RETURNING 1`
}

function onConflict(table: LaneTable): string {
  if (table.key.length === 0) return ''
  const changed = Object.keys(table.columns).filter((column) => !table.key.includes(column))
  const target = `ON CONFLICT (${table.key.map(quote).join(', ')})`
  if (table.mode === 'append' || changed.length === 0) return ` ${target} DO NOTHING`
  const sets = changed.map((column) => `${quote(column)} = excluded.${quote(column)}`).join(', ')
  const guard = table.guard?.length
    ? ` WHERE ${table.guard.map((column) => `t.${quote(column)} IS NOT DISTINCT FROM excluded.${quote(column)}`).join(' AND ')}`
    : ''
  return ` ${target} DO UPDATE SET ${sets}${guard}`
}

function same(columns: readonly string[]): string {
  return columns.map((column) => `t.${quote(column)} IS NOT DISTINCT FROM r.${quote(column)}`).join(' AND ')
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
