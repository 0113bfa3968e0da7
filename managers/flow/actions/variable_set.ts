import { Type } from 'typebox'
import { doneWith, fail } from '../engine/outcome.ts'
import { defineAction } from './define-action.ts'

export const variable_set = defineAction({
  type: 'variable_set',
  summary: 'Writes a variable. Names that begin with voipbin. belong to the platform, but for a few.',
  needs: 'any',
  onFailure: 'next',
  options: Type.Object({
    key: Type.Optional(Type.String({ description: 'The name.' })),
    value: Type.Optional(Type.String()),
  }),
  start: ({ key = '', value = '' }, context) => {
    const refusal = context.writeRefusal(key, value)
    return refusal === undefined ? doneWith({ [key]: value }) : fail(refusal)
  },
})
