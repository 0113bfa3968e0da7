import { Type } from 'typebox'
import { NIL_UUID } from '#platform/ids'
import { done, jump } from '../engine/outcome.ts'
import { actionReference, defineAction } from './define-action.ts'

export const condition_call_status = defineAction({
  type: 'condition_call_status',
  summary: 'Deprecated, use condition_variable: goes on when the call has this status, else jumps.',
  needs: 'call',
  onFailure: 'end',
  options: Type.Object({
    status: Type.Optional(Type.Enum(['dialing', 'ringing', 'progressing', 'terminating', 'canceling', 'hangup'])),
    false_target_id: actionReference('Where to go when it has not.'),
  }),
  start: ({ status, false_target_id = NIL_UUID }, context) =>
    status !== undefined && context.variable('voipbin.call.status') === status ? done() : jump(false_target_id),
})
