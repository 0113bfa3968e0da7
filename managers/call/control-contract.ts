import { type Static, Type } from 'typebox'
import { adminOrManager, apiErrors, endpoint, idParams } from '#platform/http'
import { callErrors } from './errors.ts'

/** Longer ones are for several talks. */
const LONGEST_TEXT = 5_000

export const MuteBody = Type.Object({
  direction: Type.Optional(
    Type.Enum(['', 'both', 'in', 'out'], {
      default: 'both',
      description: 'in = the party is not heard, out = the party hears nothing; "" = both.',
    }),
  ),
})
export type MuteBody = Static<typeof MuteBody>

export const TalkBody = Type.Object({
  text: Type.String({ minLength: 1, maxLength: LONGEST_TEXT, description: 'Plain text or SSML.' }),
  language: Type.Optional(Type.String({ maxLength: 35, description: 'BCP 47; en-US unless said.' })),
  provider: Type.Optional(
    Type.String({ maxLength: 255, description: 'One that is not there is replaced by another.' }),
  ),
  voice_id: Type.Optional(Type.String({ maxLength: 255, description: 'A voice of the provider.' })),
})
export type TalkBody = Static<typeof TalkBody>

const errors = [
  callErrors.CALL_NOT_FOUND,
  callErrors.CALL_ALREADY_HANGUP,
  callErrors.CALL_STATE_INVALID,
  apiErrors.SERVICE_UNAVAILABLE,
]
const common = { allow: adminOrManager, params: idParams, returns: Type.Object({}), errors }

export const holdCall = endpoint({
  ...common,
  method: 'POST',
  path: '/calls/{id}/hold',
  summary: 'Put the party of a call on hold',
  description:
    'Its phone is told by a re-INVITE, the party hears music and is heard by nobody. What sounded goes on after the hold.',
})

export const unholdCall = endpoint({
  ...common,
  method: 'DELETE',
  path: '/calls/{id}/hold',
  summary: 'Take the party of a call back from hold',
})

export const playMusic = endpoint({
  ...common,
  method: 'POST',
  path: '/calls/{id}/moh',
  summary: 'Let the party of a call hear music',
  description: 'In place of everything else. The party is still heard.',
})

export const stopMusic = endpoint({
  ...common,
  method: 'DELETE',
  path: '/calls/{id}/moh',
  summary: 'End the music for the party of a call',
})

export const silenceCall = endpoint({
  ...common,
  method: 'POST',
  path: '/calls/{id}/silence',
  summary: 'Let the party of a call hear silence',
  description: 'In place of everything else; music and spoken words go before it. The party is still heard.',
})

export const unsilenceCall = endpoint({
  ...common,
  method: 'DELETE',
  path: '/calls/{id}/silence',
  summary: 'End the silence for the party of a call',
})

export const muteCall = endpoint({
  ...common,
  method: 'POST',
  path: '/calls/{id}/mute',
  summary: 'Drop the sound of a call in a direction',
  description: 'In addition to what is muted already. Keys that are pressed still count. Announced by `call_updated`.',
  body: MuteBody,
  bodyOptional: true,
})

export const unmuteCall = endpoint({
  ...common,
  method: 'DELETE',
  path: '/calls/{id}/mute',
  summary: 'Let the sound of a call pass again in a direction',
  description: 'What is muted in the other direction stays so. Announced by `call_updated`.',
  body: MuteBody,
  bodyOptional: true,
})

export const talkToCall = endpoint({
  ...common,
  method: 'POST',
  path: '/calls/{id}/talk',
  summary: 'Say something to the party of a call',
  description:
    'Over everything that sounds, which goes on afterwards; words that are still being said are cut off. A caller who was ' +
    'not answered yet is answered. Answers when the words begin to sound.',
  body: TalkBody,
  deadlineMs: 15_000, // speech is made
})
