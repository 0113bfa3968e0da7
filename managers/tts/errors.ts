import { defineErrors } from '#platform/errors'

/** Each way in which spoken text can fail. */
export const ttsErrors = defineErrors('tts-manager', {
  SPEAKING_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Speaking ID does not exist or belongs to another customer.',
    fix: 'Verify the ID with GET /speakings.',
    message: (_: { speaking_id: string }) => 'There is no such speaking.',
    details: () => [],
    pending: true,
  },
})
