import type { PromptPart } from '#telecom/media'

const tone = (hz: readonly number[], durationMs: number, level = -16): PromptPart => ({
  tone: { hz, durationMs, level },
})

/** The three tones of a special information tone: about 950, 1400 and 1800 Hz, 330 ms each (ITU-T E.180/Q.35 §5). */
const sit = (...segments: (readonly [hz: number, durationMs: number])[]): readonly PromptPart[] => [
  ...segments.map(([hz, durationMs]) => tone([hz], durationMs)),
  { silenceMs: 1_000 },
]

/**
 * What a network sounds like, each once; to be repeated. The four special information tones are those of North America, told
 * apart by length and pitch of their segments (Telcordia GR-1162, table 3-1); the others as in ITU-T E.180.
 */
export const SOUNDS = {
  /** The number was changed, or is not reached by dialling. */
  sit_intercept: sit([913.8, 274], [1370.6, 274], [1776.7, 380]),
  /** There is no such number. */
  sit_vacant: sit([985.2, 380], [1370.6, 274], [1776.7, 380]),
  /** The call could not be completed as dialled. */
  sit_reorder: sit([913.8, 274], [1428.5, 380], [1776.7, 380]),
  /** All circuits are busy. */
  sit_no_circuit: sit([985.2, 380], [1428.5, 380], [1776.7, 380]),
  busy: [tone([425], 500), { silenceMs: 500 }],
  congestion: [tone([425], 250), { silenceMs: 250 }],
  ringback: [tone([425], 1_000), { silenceMs: 4_000 }],
  /** Of a voicemail. */
  beep: [{ silenceMs: 200 }, tone([1_000], 500, -10)],
} satisfies Record<string, readonly PromptPart[]>

export type SoundName = keyof typeof SOUNDS
export const SOUND_NAMES = Object.keys(SOUNDS) as readonly SoundName[]
