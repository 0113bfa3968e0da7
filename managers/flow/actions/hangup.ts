import { Type } from 'typebox'
import type { HangupReason } from '#managers/call'
import { NIL_UUID } from '#platform/ids'
import { stay, wait } from '../engine/outcome.ts'
import { defineAction, uuidOption } from './define-action.ts'

/** Each reason that a call can end with. */
const REASONS: Readonly<Record<HangupReason, true>> = {
  normal: true,
  failed: true,
  busy: true,
  cancel: true,
  timeout: true,
  noanswer: true,
  dialout: true,
  amd: true,
}

export const hangup = defineAction({
  type: 'hangup',
  summary: 'Ends the call, and with it the flow.',
  needs: 'call',
  onFailure: 'next',
  options: Type.Object({
    reason: Type.Optional(
      Type.String({ maxLength: 32, description: `${Object.keys(REASONS).join(', ')}; anything else is normal.` }),
    ),
    reference_id: uuidOption('A call: if it is over, its reason is given.'),
  }),
  start: ({ reason = '', reference_id = NIL_UUID }) =>
    wait(null, {
      type: 'hangup',
      reason: isHangupReason(reason) ? reason : 'normal',
      ...(reference_id === NIL_UUID ? {} : { reference_id }),
    }),
  on: () => stay(), // the end of the call ends the flow
})

function isHangupReason(reason: string): reason is HangupReason {
  return Object.hasOwn(REASONS, reason)
}
