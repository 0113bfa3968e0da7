import { Type } from 'typebox'
import type { Effect } from '../engine/command.ts'
import { LONGEST_WAIT_MS } from '../engine/limits.ts'
import { done, fail, type Outcome, stay, wait } from '../engine/outcome.ts'
import { DIGITS } from '../engine/variables.ts'
import { defineAction } from './define-action.ts'
import { ECHO_MS } from './echo.ts'

/** How long a key is pressed for the caller. Milliseconds. */
const KEY_MS = 100

export const stream_echo = defineAction({
  type: 'stream_echo',
  summary: 'Gives the caller his own sound back, and the keys that he presses too.',
  needs: 'call',
  onFailure: 'next',
  options: Type.Object({
    duration: Type.Optional(
      Type.Integer({ maximum: LONGEST_WAIT_MS, description: `Milliseconds; 0 or less is ${ECHO_MS}.` }),
    ),
  }),
  takesDigits: true,
  /** When it is over. Milliseconds of wall time. */
  memory: Type.Object({ end_ms: Type.Number() }),
  start: ({ duration = 0 }, { now_ms }) => echoUntil(now_ms + (duration > 0 ? duration : ECHO_MS), now_ms),
  on: ({ end_ms }, input, _, { now_ms }) => {
    switch (input.type) {
      case 'digit': {
        const key: Effect = { type: 'send_digits', digits: input.digit, duration_ms: KEY_MS, interval_ms: 0 }
        return { ...wait({ end_ms }, key), set: { [DIGITS]: input.digit } }
      }
      case 'digits_sent':
        return input.outcome === 'stopped' ? stay() : echoUntil(end_ms, now_ms) // a key that was stopped: another follows
      case 'echoed':
        if (input.outcome === 'failed') return fail('echo_failed')
        return input.outcome === 'finished' ? done() : stay() // a key sounds instead
      default:
        return stay()
    }
  },
})

function echoUntil(end_ms: number, now_ms: number): Outcome {
  const left = Math.round(end_ms - now_ms)
  return left > 0 ? wait({ end_ms }, { type: 'echo', duration_ms: left }) : done()
}
