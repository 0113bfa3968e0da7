import type { PromptPart } from '#telecom/media'

/** The ringing tone of most of the world (ITU-T E.180): 425 Hz, 1 s on, 4 s off; to be looped. */
export const RINGBACK: readonly PromptPart[] = [
  { tone: { hz: [425], durationMs: 1_000, level: -16 } },
  { silenceMs: 4_000 },
]
