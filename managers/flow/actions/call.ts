import { Type } from 'typebox'
import { Address, normaliseAddress } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { done, doneBut, fail, stay, wait } from '../engine/outcome.ts'
import { defineAction, flowReference } from './define-action.ts'
import { anonymous, anonymousOf, destinationFaults, destinations } from './destinations.ts'

/** How long the making of calls may take; ringing is no part of it. Milliseconds. */
const PLACED_MS = 30_000

export const call = defineAction({
  type: 'call',
  summary: 'Makes calls of their own, each with its own flow; does not wait for them.',
  needs: 'any',
  onFailure: 'end',
  options: Type.Object({
    source: Type.Optional(Address),
    destinations,
    flow_id: flowReference('Runs on each new call; wins over `actions`.'),
    actions: Type.Optional(
      Type.Array(Type.Object({}, { additionalProperties: true }), {
        'x-reference': 'actions',
        description:
          'Run on each new call. Their placeholders are replaced with the variables of this flow; `$${name}` is left for the new one.',
      }),
    ),
    chained: Type.Optional(Type.Boolean({ description: 'They end when the call of this flow ends.' })),
    early_execution: Type.Optional(
      Type.Boolean({ description: 'The flow runs when it rings, not when it is answered.' }),
    ),
    anonymous,
  }),
  check: ({ destinations }) => destinationFaults(destinations),
  start: (options, { free_only }) => {
    const { source, destinations, flow_id = NIL_UUID, actions = [] } = options
    const { chained = false, early_execution = false, anonymous } = options
    return wait(
      null,
      {
        type: 'place_calls',
        ...(source ? { source: normaliseAddress(source) } : {}),
        destinations: destinations.map(normaliseAddress),
        flow: flow_id === NIL_UUID ? { actions } : { flow_id },
        chained,
        early_execution,
        anonymous: anonymousOf(anonymous),
        free_only,
      },
      { type: 'timer', after_ms: PLACED_MS },
    )
  },
  on: (_, input) => {
    if (input.type === 'timer') return fail('calls_not_placed: late')
    if (input.type !== 'calls_placed') return stay()
    const { outcome } = input
    if (!outcome.ok) return fail(`calls_not_placed: ${outcome.cause}`)
    return outcome.skipped.length > 0 ? doneBut(`destinations_skipped: ${outcome.skipped.join(', ')}`) : done()
  },
})
