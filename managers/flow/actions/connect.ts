import { Type } from 'typebox'
import { Address, normaliseAddress } from '#platform/http'
import { done, fail, stay, wait } from '../engine/outcome.ts'
import { defineAction } from './define-action.ts'
import { anonymous, anonymousOf, destinationFaults, destinations } from './destinations.ts'

export const connect = defineAction({
  type: 'connect',
  summary: 'Calls others and joins the caller with the first who answers; the caller is answered then.',
  needs: 'call',
  onFailure: 'end',
  options: Type.Object({
    source: Type.Optional(Address),
    destinations,
    early_media: Type.Optional(
      Type.Boolean({ description: 'The caller hears what the other end sends before it answers.' }),
    ),
    relay_reason: Type.Optional(
      Type.Boolean({
        description: 'Nobody answers: the caller is hung up for the same reason. Else the flow goes on.',
      }),
    ),
    anonymous,
  }),
  check: ({ destinations }) => destinationFaults(destinations),
  start: ({ source, destinations, early_media = false, relay_reason = false, anonymous }) =>
    wait(null, {
      type: 'connect',
      ...(source ? { source: normaliseAddress(source) } : {}),
      destinations: destinations.map(normaliseAddress),
      early_media,
      relay_reason,
      anonymous: anonymousOf(anonymous),
    }),
  on: (_, input, { relay_reason = false }) => {
    if (input.type !== 'connect_ended') return stay() // once relayed, the end of the call ends the flow
    const { outcome, issue = '', hangup_reason = outcome === 'failed' ? 'failed' : 'noanswer', cause = 0 } = input
    const isRelayed = relay_reason && (outcome === 'unanswered' || cause !== 0)
    if (outcome === 'failed' && !isRelayed) return fail(`connect_failed: ${issue}`)
    if (outcome === 'talked' || !isRelayed) return done()
    return wait(null, { type: 'hangup', reason: hangup_reason, ...(cause === 0 ? {} : { cause }) }) // 0: we gave up
  },
})
