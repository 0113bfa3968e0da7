/** What was heard in a while. */
export interface HeardSound {
  seconds: number
  /** The loudest 100 ms, in dBm0; −99 for silence. */
  loudest_dbm0: number
  /** Pure tones, one or two frequencies at a time, in the order in which they were heard. */
  tones: { hz: number[]; seconds: number }[]
}

const SAMPLE_RATE_HZ = 8_000
/** 102 ms of sound; neighbouring bins are 9.8 Hz apart. */
const BLOCK = 1_024
const STEP = 800
const HZ_PER_BIN = SAMPLE_RATE_HZ / BLOCK
/** How far from each other the frequencies of one tone may be measured. */
const SAME_HZ = 12
/** Nothing quieter counts. */
const QUIET_DBM0 = -45
/** So much of the energy of a block is in one or two peaks where it is a tone. */
const PURE = 0.85
/** The weaker of two tones has at least this part of the energy of the stronger. */
const SECOND = 0.1
/** A sine at full scale of G.711 is +3.14 dBm0. */
const FULL_SCALE_DBM0 = 3.14
const SHORTEST_S = 0.1

/** Finds the tones in 8 kHz samples, 100 ms at a time. */
export function hear(samples: Int16Array): HeardSound {
  const tones: HeardSound['tones'] = []
  let loudest = -99
  let open: { sums: number[]; blocks: number } | undefined
  const close = () => {
    const seconds = open ? (open.blocks * STEP) / SAMPLE_RATE_HZ : 0
    if (open && seconds > SHORTEST_S) {
      const { sums, blocks } = open
      tones.push({ hz: sums.map((sum) => Math.round(sum / blocks)), seconds: round(seconds) })
    }
    open = undefined
  }
  for (let at = 0; at + BLOCK <= samples.length; at += STEP) {
    const block = samples.subarray(at, at + BLOCK)
    const level = levelOf(block)
    loudest = Math.max(loudest, level)
    const hz = level > QUIET_DBM0 ? pureTones(block) : undefined
    const goesOn = hz && open && hz.length === open.sums.length && hz.every((each, n) => near(each, open, n))
    if (!goesOn) close()
    if (hz)
      open = open
        ? { sums: open.sums.map((sum, n) => sum + (hz[n] ?? 0)), blocks: open.blocks + 1 }
        : { sums: hz, blocks: 1 }
  }
  close()
  return { seconds: round(samples.length / SAMPLE_RATE_HZ), loudest_dbm0: Math.round(loudest), tones }
}

function near(hz: number, open: { sums: number[]; blocks: number } | undefined, n: number): boolean {
  return open !== undefined && Math.abs(hz - (open.sums[n] ?? 0) / open.blocks) <= SAME_HZ
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10
}

function levelOf(block: Int16Array): number {
  let energy = 0
  for (const sample of block) energy += sample * sample
  const ofFullSine = Math.sqrt(energy / block.length) / (32_767 / Math.SQRT2)
  return ofFullSine === 0 ? -99 : FULL_SCALE_DBM0 + 20 * Math.log10(ofFullSine)
}

/** The one or two frequencies that a block consists of, the lower first; `undefined` where it is anything else. */
function pureTones(block: Int16Array): number[] | undefined {
  const powers = powerSpectrum(block)
  let total = 0
  for (let bin = 2; bin < powers.length; bin++) total += powers[bin] ?? 0
  const first = takePeak(powers)
  const second = takePeak(powers)
  const both = second.energy > SECOND * first.energy
  if (first.energy + (both ? second.energy : 0) < PURE * total) return undefined
  return (both ? [first.hz, second.hz] : [first.hz]).sort((a, b) => a - b)
}

/** The strongest peak with its skirts (five bins under a Hann window), which are taken out of the spectrum. */
function takePeak(powers: Float64Array): { hz: number; energy: number } {
  let peak = 2
  for (let bin = 2; bin < powers.length - 2; bin++) if ((powers[bin] ?? 0) > (powers[peak] ?? 0)) peak = bin
  let energy = 0
  let moment = 0
  for (let bin = peak - 2; bin <= peak + 2; bin++) {
    const power = powers[bin] ?? 0
    energy += power
    moment += bin * power
    powers[bin] = 0
  }
  return { hz: energy === 0 ? 0 : (moment / energy) * HZ_PER_BIN, energy }
}

/** Radix-2 FFT of a block under a Hann window; the powers of the bins below half the sample rate. */
function powerSpectrum(block: Int16Array): Float64Array {
  const re = Float64Array.from(block, (sample, n) => sample * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / BLOCK)))
  const im = new Float64Array(BLOCK)
  reverseBits(re)
  for (let size = 2; size <= BLOCK; size *= 2) {
    const angle = (-2 * Math.PI) / size
    for (let k = 0; k < size / 2; k++) {
      const cos = Math.cos(angle * k)
      const sin = Math.sin(angle * k)
      for (let even = k; even < BLOCK; even += size) {
        const odd = even + size / 2
        const real = (re[odd] as number) * cos - (im[odd] as number) * sin
        const imaginary = (re[odd] as number) * sin + (im[odd] as number) * cos
        re[odd] = (re[even] as number) - real
        im[odd] = (im[even] as number) - imaginary
        re[even] = (re[even] as number) + real
        im[even] = (im[even] as number) + imaginary
      }
    }
  }
  return Float64Array.from({ length: BLOCK / 2 }, (_, bin) => (re[bin] as number) ** 2 + (im[bin] as number) ** 2)
}

function reverseBits(values: Float64Array): void {
  for (let from = 0, to = 0; from < values.length; from++) {
    if (from < to) [values[from], values[to]] = [values[to] as number, values[from] as number]
    let bit = values.length >> 1
    while (to & bit) {
      to ^= bit
      bit >>= 1
    }
    to |= bit
  }
}
