import pg from 'pg'

/** A `bigint` beyond what a JavaScript number holds exactly: no column of ours may grow that far. */
export class UnsafeInteger extends RangeError {}

const INT8 = 20
const DATE = 1082
const TIMESTAMP = 1114
const TIMESTAMPTZ = 1184

const parsers = new Map<number, (text: string) => unknown>([
  [INT8, wholeNumber],
  [DATE, (text) => text],
  [TIMESTAMP, (text) => text],
  [TIMESTAMPTZ, wireTimestamp],
])

/** How values come out of the driver: see `Database`. */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers.get(oid)) ||
    pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new UnsafeInteger(`${text} does not fit into a number`)
  return value
}

/** `2026-01-02 03:04:05.1+00` (ISO date style, UTC: the session says so) as a wire timestamp. */
function wireTimestamp(text: string): string {
  if (text.length < 22 || text[10] !== ' ') return text // infinity, BC
  const end = text.lastIndexOf('+')
  const fraction = text[19] === '.' ? text.slice(20, end) : ''
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(6, '0')}Z`
}
