import { readFileSync } from 'node:fs'
import type { createSpeech } from '#managers/tts'
import type { Ids } from '#platform/ids'
import { decodeWav } from '#telecom/media'

const RATE = 8_000
const VOICES = ['slt', 'rms', 'awb', 'kal'] as const

/** One answered call of the corpus. */
export interface AnsweredCall {
  who: 'person' | 'machine'
  /** Noise below full scale, dB. */
  noise_db: number
  samples: Int16Array
}

/** Where chance comes from: `sequentialIds` of a seed gives the same corpus again. */
type Chance = (from: number, to: number) => number

/**
 * Ten seconds of a call after its answer: a pause, the greeting in one of four voices, faster or slower, louder or softer;
 * of a machine a beep; over all of it noise; then through G.711 as on the line.
 */
export async function answeredCalls(
  speech: ReturnType<typeof createSpeech>,
  who: AnsweredCall['who'],
  texts: readonly string[],
  each: number,
  ids: Ids,
): Promise<AnsweredCall[]> {
  const chance: Chance = (from, to) => from + (ids.integer(1_000_000) / 1_000_000) * (to - from)
  const calls: AnsweredCall[] = []
  for (const text of texts)
    for (const voice_id of VOICES) {
      const { file } = await speech.render(text, { provider: 'flite', voice_id })
      const spoken = decodeWav(readFileSync(file))
      for (let at = 0; at < each; at++) calls.push(answered(who, spoken, chance))
    }
  return calls
}

function answered(who: AnsweredCall['who'], spoken: Int16Array, chance: Chance): AnsweredCall {
  const sound = new Float32Array(10 * RATE)
  const pause = Math.round(chance(0.1, 1.6) * RATE)
  const voice = atTempo(spoken, chance(0.88, 1.15))
  const loud = 10 ** (chance(-14, 0) / 20)
  for (let i = 0; i < voice.length && pause + i < sound.length; i++) sound[pause + i] = (voice[i] ?? 0) * loud
  if (who === 'machine') beep(sound, pause + voice.length + Math.round(chance(0.2, 1) * RATE), chance)
  const noise_db = chance(-65, -40)
  const noise = 32_768 * 10 ** (noise_db / 20) * Math.sqrt(3)
  for (let i = 0; i < sound.length; i++) sound[i] = (sound[i] ?? 0) + chance(-noise, noise)
  return { who, noise_db, samples: throughTheLine(sound) }
}

function beep(sound: Float32Array, from: number, chance: Chance): void {
  const hz = chance(440, 1_400)
  const samples = Math.round(chance(0.25, 0.9) * RATE)
  const loud = 32_768 * 10 ** (chance(-22, -10) / 20)
  for (let i = 0; i < samples && from + i < sound.length; i++)
    sound[from + i] = Math.sin((2 * Math.PI * hz * i) / RATE) * loud
}

/** Faster or slower, pitch and all. */
function atTempo(samples: Int16Array, tempo: number): Float32Array {
  return Float32Array.from({ length: Math.floor(samples.length / tempo) }, (_, i) => {
    const at = Math.floor(i * tempo)
    const part = i * tempo - at
    return (samples[at] ?? 0) * (1 - part) + (samples[at + 1] ?? 0) * part
  })
}

/** Into 8 bits of µ-law (G.711) and back, by its formula. */
function throughTheLine(sound: Float32Array): Int16Array {
  return Int16Array.from(sound, (sample) => {
    const part = Math.max(-1, Math.min(1, sample / 32_768))
    const octet = Math.round((Math.sign(part) * Math.log1p(255 * Math.abs(part)) * 127) / Math.log(256))
    return Math.round((Math.sign(octet) * (256 ** (Math.abs(octet) / 127) - 1) * 32_767) / 255)
  })
}
