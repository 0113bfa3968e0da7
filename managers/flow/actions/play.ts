import { Type } from 'typebox'
import { done, fail, stay, wait } from '../engine/outcome.ts'
import { defineAction } from './define-action.ts'

export const play = defineAction({
  type: 'play',
  summary: 'Plays audio files to the caller, one after the other; what cannot be read is passed over. Does not answer.',
  needs: 'call',
  onFailure: 'next',
  options: Type.Object({
    stream_urls: Type.Array(Type.String({ pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]+', maxLength: 8192 }), {
      minItems: 1,
      maxItems: 100,
      description: 'http or https URLs of WAV files.',
    }),
  }),
  start: ({ stream_urls }) => wait(null, { type: 'play', sources: stream_urls }),
  on: (_, input) => {
    if (input.type !== 'played') return stay()
    return input.outcome === 'failed' ? fail(`playback_failed: ${input.reason ?? ''}`) : done()
  },
})
