import { Type } from 'typebox'
import { done, fail, stay, wait } from '../engine/outcome.ts'
import { defineAction } from './define-action.ts'

/** How long the flow waits for the end: a slow disk must not keep the caller in silence. Milliseconds. */
const END_MS = 5_000

export const recording_stop = defineAction({
  type: 'recording_stop',
  summary: 'Ends the recording of the call; nothing happens when there is none.',
  needs: 'call',
  onFailure: 'next',
  options: Type.Object({}),
  start: () => wait(null, { type: 'stop_recording' }, { type: 'timer', after_ms: END_MS }),
  on: (_, input) => {
    if (input.type === 'recording_stopped') return done()
    if (input.type === 'recording_refused') return fail(`recording_refused: ${input.reason}`)
    return input.type === 'timer' ? fail('recording_stop_late') : stay()
  },
})
