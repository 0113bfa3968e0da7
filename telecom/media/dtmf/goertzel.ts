const SAMPLE_RATE_HZ = 8_000

/** The Goertzel coefficient of a frequency. */
export const goertzelCoefficient = (hz: number): number => 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ)

/** Power at one frequency in `count` samples; a sine of peak `a` gives (a · count / 2)². */
export function goertzelPower(samples: Int16Array, count: number, coefficient: number): number {
  let before = 0
  let last = 0
  for (let i = 0; i < count; i++) {
    const next = (samples[i] as number) + coefficient * last - before
    before = last
    last = next
  }
  return last * last + before * before - coefficient * last * before
}
