import { Type } from 'typebox'
import { done, doneWith, fail, stay, wait } from '../engine/outcome.ts'
import { machineVariables } from '../engine/variables.ts'
import { defineAction } from './define-action.ts'

/** After so long nobody can say any more who answered: nothing is heard at all. Milliseconds. */
const UNHEARD_MS = 8_000

export const amd = defineAction({
  type: 'amd',
  summary:
    'Finds out whether a person or a machine answered, by energy and cadence: voipbin.call.amd.status and .cause.',
  needs: 'call',
  onFailure: 'next',
  options: Type.Object({
    machine_handle: Type.Optional(
      Type.Enum(['', 'hangup', 'continue'], { description: '`hangup`: a machine is hung up, with the reason amd.' }),
    ),
    async: Type.Optional(Type.Boolean({ description: 'Go on at once; what is found out counts when it is.' })),
  }),
  start: ({ machine_handle = '', async = false }, { answered }) => {
    if (!answered) return fail('call_not_answered')
    const detect = { type: 'detect_machine', hangup: machine_handle === 'hangup' } as const
    return async ? done(detect) : wait(null, detect, { type: 'timer', after_ms: UNHEARD_MS })
  },
  on: (_, input) => {
    if (input.type === 'timer') return doneWith(machineVariables('NOTSURE', 'time'))
    if (input.type !== 'machine_detected') return stay()
    return input.hangup && input.status === 'MACHINE' ? stay() : done() // the end of the call ends the flow
  },
})
