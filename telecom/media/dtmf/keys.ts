/** The frequencies of keys (ITU-T Q.23). */
export const ROWS_HZ = [697, 770, 852, 941] as const
export const COLUMNS_HZ = [1209, 1336, 1477, 1633] as const
const PAD = ['123A', '456B', '789C', '*0#D'] as const

/** The key at a row and column of the pad. */
export const keyAt = (row: number, column: number): string => PAD[row]?.[column] ?? ''

/** The two frequencies of a key; none for anything else. */
export function keyTones(key: string): number[] {
  const row = PAD.findIndex((keys) => keys.includes(key.toUpperCase()))
  const column = PAD[row]?.indexOf(key.toUpperCase()) ?? -1
  const low = ROWS_HZ[row]
  const high = COLUMNS_HZ[column]
  return key.length === 1 && low && high ? [low, high] : []
}
