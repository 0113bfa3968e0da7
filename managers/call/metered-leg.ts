import type { PromptPart } from '#telecom/media'
import type { LiveRunner } from './live-runner.ts'
import type { MeteredUse } from './meter.ts'

/** Both who talk hear that the call is about to end. */
const BEEP: PromptPart = { tone: { hz: [1_400], durationMs: 200 } }
const WARNING: readonly PromptPart[] = [BEEP, { silenceMs: 150 }, BEEP, { silenceMs: 150 }, BEEP]

/** A leg that costs something while it is up. */
export function meteredLeg(live: LiveRunner, leg: (call_id: string) => LiveRunner | undefined): MeteredUse {
  return {
    warn: () => {
      const peer = live.peer === undefined ? undefined : leg(live.peer)
      for (const each of [live, peer]) each?.line.announce(`warning:${live.id}`, WARNING)
    },
    end: (by) => live.hangup('normal', undefined, by),
  }
}
