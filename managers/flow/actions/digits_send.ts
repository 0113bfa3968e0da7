import { Type } from 'typebox'
import { done, fail, stay, wait } from '../engine/outcome.ts'
import { defineAction } from './define-action.ts'

export const digits_send = defineAction({
  type: 'digits_send',
  summary: 'Sends keys to the other side.',
  needs: 'call',
  onFailure: 'next',
  options: Type.Object({
    digits: Type.Optional(Type.String({ pattern: '^[0-9A-D#*]*$', maxLength: 100 })),
    duration: Type.Optional(
      Type.Integer({ minimum: 100, maximum: 1_000, default: 100, description: 'Milliseconds of each.' }),
    ),
    interval: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 5_000, default: 0, description: 'Milliseconds between two.' }),
    ),
  }),
  start: ({ digits = '', duration = 100, interval = 0 }) =>
    digits === '' ? done() : wait(null, { type: 'send_digits', digits, duration_ms: duration, interval_ms: interval }),
  on: (_, input) => {
    if (input.type !== 'digits_sent') return stay()
    return input.outcome === 'failed' ? fail('digits_not_sent') : done()
  },
})
