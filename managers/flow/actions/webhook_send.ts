import { Type } from 'typebox'
import { isStorable } from '#platform/http'
import { done, doneBut, droppedVariables, fail, type Outcome, stay, wait } from '../engine/outcome.ts'
import { isReserved } from '../engine/variables.ts'
import type { WebhookOutcome } from '../needs.ts'
import { type ActionContext, defineAction } from './define-action.ts'

/** The longest wait for an answer, and for the request to be in safe hands. Milliseconds. */
const ANSWER_MS = 30_000
const HANDOVER_MS = 5_000

const options = Type.Object({
  sync: Type.Optional(
    Type.Boolean({ description: 'Wait for the answer; the scalars of a JSON object in it become variables.' }),
  ),
  uri: Type.String({ pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]+', maxLength: 8192 }),
  method: Type.Optional(Type.Enum(['POST', 'GET', 'PUT', 'DELETE'], { default: 'POST' })),
  data_type: Type.Optional(Type.String({ maxLength: 255, description: 'Content-Type.' })),
  data: Type.Optional(Type.String({ description: 'The body, sent as it is.' })),
})

type Answer = Extract<WebhookOutcome, { ok: true }>

export const webhook_send = defineAction({
  type: 'webhook_send',
  summary: 'Sends a request to a server of yours, signed with your secret. Its failure never stops the flow.',
  needs: 'any',
  onFailure: 'next',
  options,
  start: ({ sync = false, uri, method = 'POST', data_type = '', data = '' }) =>
    wait(
      null,
      { type: 'send_webhook', uri, method, data_type: data_type || 'application/json', data, sync },
      { type: 'timer', after_ms: sync ? ANSWER_MS : HANDOVER_MS },
    ),
  on: (_, input, options, context) => {
    if (input.type === 'timer') return fail('webhook_timeout')
    if (input.type !== 'webhook_sent') return stay()
    if (!input.outcome.ok) return fail(`webhook_failed: ${input.outcome.cause}`)
    return options.sync ? answered(input.outcome, context) : done()
  },
})

function answered({ status, body, truncated }: Answer, context: ActionContext): Outcome {
  if (status >= 500) return fail(`webhook_failed: status ${status}`)
  if (status >= 300) return done()
  if (truncated) return doneBut('answer_too_large')
  const scalars = Object.entries(parse(body))
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => [name, String(value)] as const)
  const isFree = ([name, value]: readonly [string, string]) =>
    isStorable(name) && isStorable(value) && !isReserved(name)
  const { set, dropped } = context.writable(scalars.filter(isFree))
  const untaken = [...scalars.filter((each) => !isFree(each)).map(([name]) => name), ...dropped]
  const note = untaken.length > 0 ? { note: droppedVariables(untaken) } : {}
  return { go: 'next', set, ...note }
}

function parse(body: string): object {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {} // an answer that is no JSON object sets nothing
  }
}
