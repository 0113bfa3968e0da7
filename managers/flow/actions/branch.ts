import { Type } from 'typebox'
import { NIL_UUID } from '#platform/ids'
import { doneWith, jump } from '../engine/outcome.ts'
import { DIGITS } from '../engine/variables.ts'
import { actionReference, defineAction } from './define-action.ts'

export const branch = defineAction({
  type: 'branch',
  summary: 'Continues at the action that belongs to a variable’s value, and empties the variable.',
  needs: 'any',
  onFailure: 'end',
  options: Type.Object({
    variable: Type.Optional(
      Type.String({ maxLength: 255, default: DIGITS, description: 'The plain name, without dollar and braces.' }),
    ),
    default_target_id: actionReference('Where to go when no value fits; the nil UUID = to the next action.'),
    target_ids: Type.Optional(
      Type.Record(Type.String(), Type.String({ format: 'uuid', 'x-reference': 'action' }), {
        description: 'Value to action; the empty value fits "nothing was pressed".',
      }),
    ),
  }),
  start: ({ variable, default_target_id = NIL_UUID, target_ids = {} }, context) => {
    const name = variable || DIGITS
    const value = context.variable(name) ?? ''
    const emptied = { [name]: '' }
    const target = Object.hasOwn(target_ids, value) ? target_ids[value] : undefined
    if (target !== undefined) return jump(target, emptied)
    return default_target_id === NIL_UUID ? doneWith(emptied) : jump(default_target_id, emptied)
  },
})
