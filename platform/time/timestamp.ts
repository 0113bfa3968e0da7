/** A moment as the wire writes it: UTC, always six digits of fraction and `Z`, e.g. `2026-01-02T03:04:05.123456Z`. */
export type Timestamp = string

/** Writes milliseconds since 1970 (with a fraction) as a wire timestamp. Read again, it is never later than it was. */
export function timestamp(wallMs: number): Timestamp {
  const seconds = Math.floor(wallMs / 1000)
  // the large part goes first: what is left is exact, where the whole in microseconds would be rounded, up at times
  const micros = Math.floor((wallMs - seconds * 1000) * 1000)
  const fraction = String(micros).padStart(6, '0')
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`
}

const FORM = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(?:Z|\+00(?::?00)?)$/

/**
 * Reads a wire timestamp (0 to 6 digits of fraction) into milliseconds since 1970; `undefined` where it is none. Only days of
 * the calendar from the year 1 to 9999 are: what a forgiving reader takes besides (30 February, 24:00, the year 0) is another
 * moment, or one that no database holds.
 */
export function timestampToMs(text: string): number | undefined {
  const match = FORM.exec(text)
  if (!match) return undefined
  const [, day = '', time = '', fraction = '0'] = match
  if (day < FIRST_DAY || time >= END_OF_DAY || !isInCalendar(day)) return undefined
  const wholeMs = Date.parse(`${day}T${time}Z`)
  if (Number.isNaN(wholeMs)) return undefined
  const ms = wholeMs + Number(fraction.padEnd(6, '0')) / 1000
  // so far from 1970 the last microsecond of the last day is rounded up
  return ms < END_MS ? ms : undefined
}

const END_MS = Date.UTC(10_000, 0)
const FIRST_DAY = '0001-01-01'
const END_OF_DAY = '24'
const DAYS_OF_EVERY_MONTH = '28'

function isInCalendar(day: string): boolean {
  if (day.slice(8) <= DAYS_OF_EVERY_MONTH) return true
  const ms = Date.parse(day)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day)
}
