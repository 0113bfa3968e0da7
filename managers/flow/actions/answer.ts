import { Type } from 'typebox'
import { done, stay, wait } from '../engine/outcome.ts'
import { defineAction } from './define-action.ts'

export const answer = defineAction({
  type: 'answer',
  summary: 'Answers an incoming call; nothing happens when it is answered already.',
  needs: 'call',
  onFailure: 'next',
  options: Type.Object({}),
  start: (_, { answered }) => (answered ? done() : wait(null, { type: 'answer' })),
  on: (_, input) => (input.type === 'answered' ? done() : stay()),
})
