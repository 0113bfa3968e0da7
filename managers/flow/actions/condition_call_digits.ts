import { Type } from 'typebox'
import { NIL_UUID } from '#platform/ids'
import { done, jump } from '../engine/outcome.ts'
import { DIGITS } from '../engine/variables.ts'
import { actionReference, defineAction } from './define-action.ts'

export const condition_call_digits = defineAction({
  type: 'condition_call_digits',
  summary: 'Deprecated, use condition_variable: goes on when enough keys were pressed, or certain ones, else jumps.',
  needs: 'call',
  onFailure: 'end',
  options: Type.Object({
    length: Type.Optional(Type.Integer({ minimum: 0, description: 'So many keys or more; 0 = no matter.' })),
    key: Type.Optional(Type.String({ maxLength: 255, description: 'These keys, one after the other.' })),
    false_target_id: actionReference('Where to go when they do not fit.'),
  }),
  start: ({ length = 0, key = '', false_target_id = NIL_UUID }, context) => {
    const digits = context.variable(DIGITS) ?? ''
    const isLongEnough = length > 0 && digits.length >= length
    const hasKeys = key !== '' && digits.includes(key)
    return isLongEnough || hasKeys ? done() : jump(false_target_id)
  },
})
