import { Type } from 'typebox'
import { LONGEST_WAIT_MS } from '../engine/limits.ts'
import { done, stay, wait } from '../engine/outcome.ts'
import { defineAction } from './define-action.ts'

export const sleep = defineAction({
  type: 'sleep',
  summary: 'Waits; nothing is played. Runs without a call too.',
  needs: 'any',
  onFailure: 'next',
  options: Type.Object({
    duration: Type.Optional(Type.Integer({ minimum: 0, maximum: LONGEST_WAIT_MS, description: 'Milliseconds.' })),
  }),
  start: ({ duration = 0 }) => (duration > 0 ? wait(null, { type: 'timer', after_ms: duration }) : done()),
  on: (_, input) => (input.type === 'timer' ? done() : stay()),
})
