import { Type } from 'typebox'
import { done, jump } from '../engine/outcome.ts'
import { defineAction, requiredAction } from './define-action.ts'

export const goto = defineAction({
  type: 'goto',
  summary: 'Continues at another action: always, or so many times.',
  needs: 'any',
  onFailure: 'end',
  options: Type.Object({
    target_id: requiredAction('Where to go.'),
    loop_count: Type.Optional(
      Type.Integer({ description: 'Jumps in all; then it goes on. 0 or less: never. Absent: every time.' }),
    ),
  }),
  start: ({ target_id, loop_count }) => {
    if (loop_count === undefined) return jump(target_id)
    return loop_count > 0 ? { go: 'count', target_id, times: loop_count } : done()
  },
})
