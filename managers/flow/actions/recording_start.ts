import { Type } from 'typebox'
import { NIL_UUID } from '#platform/ids'
import { done, fail, stay, wait } from '../engine/outcome.ts'
import { defineAction, flowReference } from './define-action.ts'

const FORMATS = ['', 'wav', 'mp3'] as const
const KEYS = ['', 'none', 'any', '*', '#'] as const
/** The longest that a timer can hold, about 24.8 days. Seconds. */
const LONGEST_S = 2_147_483
/** How long the flow waits for the recording to begin: a slow disk must not keep the caller in silence. Milliseconds. */
const BEGIN_MS = 5_000

export const recording_start = defineAction({
  type: 'recording_start',
  summary: 'Records the call from now on; the flow goes on at once.',
  needs: 'call',
  onFailure: 'next',
  options: Type.Object({
    format: Type.Optional(Type.Enum(FORMATS, { description: 'wav (also where it is empty) or mp3.' })),
    end_of_silence: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: LONGEST_S,
        description: 'Ends after so many seconds of silence; 0 = never.',
      }),
    ),
    end_of_key: Type.Optional(Type.Enum(KEYS, { description: 'The key that ends it.' })),
    duration: Type.Optional(
      Type.Integer({ minimum: 0, maximum: LONGEST_S, description: 'Ends after so many seconds; 0 = with the call.' }),
    ),
    beep_start: Type.Optional(Type.Boolean({ description: 'The caller hears a beep first.' })),
    on_end_flow_id: flowReference('Starts when it has ended, with the variables of this flow.'),
  }),
  start: (options) => {
    const { format = '', end_of_key = '', on_end_flow_id = NIL_UUID } = options
    const { end_of_silence = 0, duration = 0, beep_start = false } = options
    if (!FORMATS.includes(format)) return fail(`format_not_made: ${format}`)
    if (!KEYS.includes(end_of_key)) return fail(`key_unknown: ${end_of_key}`)
    return wait(
      null,
      {
        ...{ type: 'start_recording', format: format || 'wav', end_of_silence, end_of_key, duration, beep_start },
        on_end_flow_id,
      },
      { type: 'timer', after_ms: BEGIN_MS },
    )
  },
  on: (_, input) => {
    if (input.type === 'recording_started') return done()
    if (input.type === 'recording_refused') return fail(`recording_refused: ${input.reason}`)
    return input.type === 'timer' ? fail('recording_late') : stay()
  },
})
