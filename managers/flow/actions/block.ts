import { Type } from 'typebox'
import { defineAction } from './define-action.ts'

export const block = defineAction({
  type: 'block',
  summary: 'Waits until POST /activeflows/{id}/continue.',
  needs: 'no_call',
  onFailure: 'next',
  options: Type.Object({}),
  start: () => ({ go: 'park' }),
})
