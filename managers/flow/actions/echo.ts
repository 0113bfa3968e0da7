import { Type } from 'typebox'
import { LONGEST_WAIT_MS } from '../engine/limits.ts'
import { done, fail, stay, wait } from '../engine/outcome.ts'
import { defineAction } from './define-action.ts'

/** How long it lasts when nothing is said. Milliseconds. */
export const ECHO_MS = 180_000

export const echo = defineAction({
  type: 'echo',
  summary: 'Gives the caller his own sound back.',
  needs: 'call',
  onFailure: 'next',
  options: Type.Object({
    duration: Type.Optional(
      Type.Integer({ maximum: LONGEST_WAIT_MS, description: `Milliseconds; 0 or less is ${ECHO_MS}.` }),
    ),
  }),
  start: ({ duration = 0 }) => wait(null, { type: 'echo', duration_ms: duration > 0 ? duration : ECHO_MS }),
  on: (_, input) => {
    if (input.type !== 'echoed') return stay()
    return input.outcome === 'failed' ? fail('echo_failed') : done()
  },
})
