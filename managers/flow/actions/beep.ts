import { Type } from 'typebox'
import { done, fail, stay, wait } from '../engine/outcome.ts'
import { defineAction } from './define-action.ts'

export const beep = defineAction({
  type: 'beep',
  summary: 'Plays one beep.',
  needs: 'call',
  onFailure: 'next',
  options: Type.Object({}),
  start: () => wait(null, { type: 'beep' }),
  on: (_, input) => {
    if (input.type !== 'played') return stay()
    return input.outcome === 'failed' ? fail(`playback_failed: ${input.reason ?? ''}`) : done()
  },
})
