import { Type } from 'typebox'
import { fail, stay, wait } from '../engine/outcome.ts'
import { defineAction } from './define-action.ts'
import { webUri } from './web-uri.ts'

/** How long the caller waits for a server. Milliseconds. */
const ANSWER_MS = 10_000

export const fetch = defineAction({
  type: 'fetch',
  summary: 'Works through the actions that a server of yours answers with, then goes on.',
  needs: 'any',
  onFailure: 'end',
  options: Type.Object({
    event_url: webUri('Answers 200 with a JSON array of actions; `[]` goes on.'),
    event_method: Type.Optional(Type.Enum(['', 'POST', 'GET', 'PUT', 'DELETE'], { default: 'POST' })),
  }),
  start: ({ event_url, event_method = '' }, { activeflow_id, reference_type, reference_id }) =>
    wait(
      null,
      {
        type: 'fetch_actions',
        url: event_url,
        method: event_method || 'POST',
        data: JSON.stringify({ activeflow_id, reference_type, reference_id }),
      },
      { type: 'timer', after_ms: ANSWER_MS },
    ),
  on: (_, input) => {
    if (input.type === 'timer') return fail('fetch_failed: timeout')
    if (input.type !== 'actions_fetched') return stay()
    return input.outcome.ok
      ? { go: 'push', actions: input.outcome.actions }
      : fail(`fetch_failed: ${input.outcome.cause}`)
  },
})
