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

/** Reads a wire timestamp (0 to 6 digits of fraction) into milliseconds since 1970; `undefined` where it is none. */
export function timestampToMs(text: string): number | undefined {
  const match = FORM.exec(text)
  if (!match) return undefined
  const [, day, time, fraction = '0'] = match
  const wholeMs = Date.parse(`${day}T${time}Z`)
  if (Number.isNaN(wholeMs)) return undefined
  return wholeMs + Number(fraction.padEnd(6, '0')) / 1000
}
