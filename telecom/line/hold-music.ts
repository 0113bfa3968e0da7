import type { PromptPart } from '#telecom/media'

const BEAT_MS = 400
const LEVEL = -26

/** Four broken chords (C, A minor, F, G) over their roots, up and down again; quiet, and in the band of a telephone. */
const CHORDS: readonly (readonly number[])[] = [
  [261.6, 329.6, 392, 523.3],
  [220, 329.6, 440, 523.3],
  [261.6, 349.2, 440, 523.3],
  [246.9, 293.7, 392, 493.9],
]

/** Music on hold; to be looped. It is made of tones, so that it needs no file and nobody's licence. */
export const HOLD_MUSIC: readonly PromptPart[] = CHORDS.flatMap((chord) => {
  const [root = 0, third = 0, fifth = 0, top = 0] = chord
  const notes = [[root], [root, third], [root, fifth], [root, top], [root, fifth], [root, third]]
  return notes.map((hz) => ({ tone: { hz, durationMs: BEAT_MS, level: LEVEL } }))
})
