import { type Static, Type } from 'typebox'
import type { Effect } from '../engine/command.ts'
import { done, doneWith, fail, type Outcome, stay, wait } from '../engine/outcome.ts'
import { DIGITS } from '../engine/variables.ts'
import { defineAction } from './define-action.ts'

const options = Type.Object({
  text: Type.Optional(Type.String({ description: 'Plain text, or SSML that begins with <speak>.' })),
  language: Type.Optional(Type.String({ maxLength: 35, description: 'BCP 47, e.g. en-US.' })),
  provider: Type.Optional(Type.Enum(['', 'gcp', 'aws'], { description: 'Whose voice; empty for the default.' })),
  voice_id: Type.Optional(Type.String({ maxLength: 255, description: 'A voice of the provider.' })),
  gender: Type.Optional(Type.String({ maxLength: 16, description: 'male, female or neutral: picks a default voice.' })),
  digits_handle: Type.Optional(
    Type.Enum(['', 'next'], { description: '`next`: a digit stops the voice and the flow goes on.' }),
  ),
  async: Type.Optional(Type.Boolean({ description: 'Go on at once while it speaks.' })),
})
type Options = Static<typeof options>

export const talk = defineAction({
  type: 'talk',
  summary: 'Speaks a text to the caller; answers the call first.',
  needs: 'call',
  onFailure: 'next',
  options,
  takesDigits: true,
  memory: Type.Object({ phase: Type.Enum(['answering', 'speaking']) }),
  start: (options, { answered }) =>
    answered ? speak(options) : wait({ phase: 'answering' as const }, { type: 'answer' }),
  on: ({ phase }, input, options) => {
    if (phase === 'answering') return input.type === 'answered' ? speak(options) : stay(digitOf(input))
    if (input.type === 'digit')
      return options.digits_handle === 'next'
        ? doneWith({ [DIGITS]: input.digit }, { type: 'stop_playing' })
        : stay(digitOf(input))
    if (input.type !== 'played') return stay()
    return input.outcome === 'failed' ? fail(`playback_failed: ${input.reason ?? ''}`) : done()
  },
})

function speak(options: Options): Outcome {
  const { text = '', language, provider, voice_id, gender } = options
  if (text.trim() === '') return done()
  const voice = Object.fromEntries(
    Object.entries({ language, provider, voice_id, gender }).filter(([, value]) => value !== undefined && value !== ''),
  )
  const say: Effect = { type: 'say', text, voice }
  return options.async ? done(say) : wait({ phase: 'speaking' }, say)
}

const digitOf = (input: { type: string; digit?: string }): Record<string, string> =>
  input.type === 'digit' ? { [DIGITS]: input.digit ?? '' } : {}
