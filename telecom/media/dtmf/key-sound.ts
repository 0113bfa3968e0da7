import { goertzelCoefficient, goertzelPower } from './goertzel.ts'
import { COLUMNS_HZ, ROWS_HZ } from './keys.ts'

const ROWS = ROWS_HZ.map(goertzelCoefficient)
const COLUMNS = COLUMNS_HZ.map(goertzelCoefficient)
/** The weakest tone taken: a sine of about −36 dBm0. */
const WEAKEST_PEAK = 350
/** One group may be up to 10 dB stronger than the other. */
const TWIST = 10
/** Part of the energy that has to be in the two tones. */
const PURITY = 0.6

/**
 * Whether so little as one packet sounds like a key: enough to keep it from passing, not enough to call it pressed. Speech
 * that does so for a moment loses that moment only.
 */
export function soundsLikeKey(samples: Int16Array, count: number): boolean {
  let energy = 0
  for (let i = 0; i < count; i++) energy += (samples[i] as number) ** 2
  const weakest = ((WEAKEST_PEAK * count) / 2) ** 2
  if ((energy * count) / 2 < weakest) return false
  const row = strongest(samples, count, ROWS)
  const column = strongest(samples, count, COLUMNS)
  if (row < weakest || column < weakest || row > column * TWIST || column > row * TWIST) return false
  return row + column > (PURITY * energy * count) / 2
}

function strongest(samples: Int16Array, count: number, coefficients: readonly number[]): number {
  let best = 0
  for (let i = 0; i < coefficients.length; i++)
    best = Math.max(best, goertzelPower(samples, count, coefficients[i] as number))
  return best
}
