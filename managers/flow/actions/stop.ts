import { Type } from 'typebox'
import { defineAction } from './define-action.ts'

export const stop = defineAction({
  type: 'stop',
  summary: 'Ends the flow; the call is hung up.',
  needs: 'any',
  onFailure: 'end',
  options: Type.Object({}),
  start: () => ({ go: 'end', reason: 'stopped' }),
})
