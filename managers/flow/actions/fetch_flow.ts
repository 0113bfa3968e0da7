import { Type } from 'typebox'
import { fail, stay, wait } from '../engine/outcome.ts'
import { defineAction, requiredFlow } from './define-action.ts'

export const fetch_flow = defineAction({
  type: 'fetch_flow',
  summary: 'Works through the actions of another flow, then comes back.',
  needs: 'any',
  onFailure: 'end',
  options: Type.Object({ flow_id: requiredFlow('The flow.') }),
  start: ({ flow_id }) => wait(null, { type: 'fetch_flow', flow_id }),
  on: (_, input, { flow_id }) => {
    if (input.type !== 'flow_fetched') return stay()
    return input.flow ? { go: 'push', actions: input.flow.actions } : fail(`flow_not_found: ${flow_id}`)
  },
})
