import type { LaneTable } from '../lane.ts'
import type { TableRows } from './plan.ts'

/** The SQLSTATE of a batch that is not the lane's next one: it has been written already. */
export const NOT_NEXT = 'LN001'
/** The SQLSTATE of a batch with a row whose guard no longer holds. */
export const FENCED = 'LN002'

/** One statement of a batch. */
export interface Statement {
  /** The same for every batch that writes this table, so that it is prepared and planned once. */
  text: string
  values: string[]
}

/** Moves the lane from batch − 1 to `batch`, or fails with `NOT_NEXT`. */
export function tick(lane: string, batch: number): Statement {
  return { text: TICK, values: [lane, String(batch)] }
}

const TICK = `WITH tick AS (UPDATE lane_batches SET batch = $2::bigint, tm_update = now()
  WHERE lane = $1::uuid AND batch = $2::bigint - 1 RETURNING 1)
SELECT lane_check((SELECT count(*) FROM tick) = 1, '${NOT_NEXT}')`

/** Writes the rows of one table, which come as one JSON parameter; fails with `FENCED` where a guard no longer holds. */
export function write({ table, rows }: TableRows): Statement {
  const values = [`[${rows.join(',')}]`]
  if (countsGuarded(table)) values.push(String(rows.length))
  return { text: textFor(table), values }
}

const texts = new WeakMap<LaneTable, string>()

function textFor(table: LaneTable): string {
  const known = texts.get(table) ?? tableText(table)
  texts.set(table, known)
  return known
}

function countsGuarded(table: LaneTable): boolean {
  return table.mode === 'upsert' && isGuarded(table)
}

function isGuarded(table: LaneTable): boolean {
  return (table.guard?.length ?? 0) > 0
}

function tableText(table: LaneTable): string {
  const columns = Object.entries(table.columns)
  const shape = columns.map(([name, type]) => `${quote(name)} ${type}`).join(', ')
  const rows = `r AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(${shape}))`
  const change = table.mode === 'delete' ? deletion(table) : insertion(table)
  if (!isGuarded(table)) return `WITH ${rows}\n${change}`
  const written = `w AS (${change} RETURNING 1)`
  const holds =
    table.mode === 'delete'
      ? `NOT EXISTS (SELECT 1 FROM ${quote(table.name)} t JOIN r ON ${same(table.key)} WHERE NOT (${same(table.guard)}))`
      : '(SELECT count(*) FROM w) = $2::bigint'
  return `WITH ${rows},\n${written}\nSELECT lane_check(${holds}, '${FENCED}')`
}

function deletion(table: LaneTable): string {
  const guard = isGuarded(table) ? ` AND ${same(table.guard)}` : ''
  return `DELETE FROM ${quote(table.name)} t USING r WHERE ${same(table.key)}${guard}`
}

function insertion(table: LaneTable): string {
  const columns = Object.keys(table.columns).map(quote).join(', ')
  return `INSERT INTO ${quote(table.name)} AS t (${columns}) SELECT ${columns} FROM r${onConflict(table)}`
}

function onConflict(table: LaneTable): string {
  if (table.key.length === 0) return ''
  const changed = Object.keys(table.columns).filter((column) => !table.key.includes(column))
  const target = ` ON CONFLICT (${table.key.map(quote).join(', ')})`
  if (table.mode === 'append' || changed.length === 0) return `${target} DO NOTHING`
  const sets = changed.map((column) => `${quote(column)} = excluded.${quote(column)}`).join(', ')
  const guard = isGuarded(table)
    ? ` WHERE ${table.guard?.map((column) => `t.${quote(column)} IS NOT DISTINCT FROM excluded.${quote(column)}`).join(' AND ')}`
    : ''
  return `${target} DO UPDATE SET ${sets}${guard}`
}

function same(columns: readonly string[] = []): string {
  return columns.map((column) => `t.${quote(column)} IS NOT DISTINCT FROM r.${quote(column)}`).join(' AND ')
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
