import { type TProperties, Type } from 'typebox'
import { Address } from '#platform/http'
import { fail } from '../engine/outcome.ts'
import {
  type AnyAction,
  actionReference,
  defineAction,
  flowReference,
  type Needs,
  uuidOption,
} from './define-action.ts'

const text = () => Type.Optional(Type.String())
const flag = () => Type.Optional(Type.Boolean())
const number = () => Type.Optional(Type.Integer())
const addresses = () => Type.Optional(Type.Array(Address, { minItems: 1 }))
const assistant = {
  ai_id: uuidOption('Deprecated: an AI.'),
  assistance_type: Type.Optional(Type.Enum(['', 'ai', 'team'])),
  assistance_id: uuidOption('The AI or team.'),
}
const transcription = {
  language: Type.Optional(Type.String({ maxLength: 35 })),
  provider: Type.Optional(Type.Enum(['', 'gcp', 'aws'])),
  direction: Type.Optional(Type.Enum(['', 'both', 'in', 'out'])),
  on_end_flow_id: flowReference('Starts when it ends.'),
}

/**
 * Types that the platform knows and accepts but cannot run yet: a flow that comes to one sees it fail with
 * `action_not_available`, and ends or goes on as the type's failures do. One line each: type, where it runs, what a
 * failure does, what it is for, options.
 */
const PLANNED: readonly [string, Needs, 'end' | 'next', string, TProperties][] = [
  [
    'ai_summary',
    'any',
    'end',
    'Summarises a call, conference, transcription or recording.',
    {
      reference_type: Type.Optional(Type.Enum(['', 'call', 'conference', 'transcribe', 'recording'])),
      reference_id: uuidOption('What is summarised.'),
      language: text(),
      on_end_flow_id: flowReference('Starts when it is there.'),
    },
  ],
  ['ai_talk', 'any', 'end', 'Lets an AI speak with the caller.', { ...assistant, duration: number() }],
  ['ai_task', 'no_call', 'end', 'Lets an AI do one task.', assistant],
  [
    'amd',
    'call',
    'next',
    'Finds out whether a machine answered.',
    {
      machine_handle: Type.Optional(Type.Enum(['', 'hangup', 'continue'])),
      async: flag(),
    },
  ],
  ['case_create', 'any', 'next', 'Opens a case.', { name: text(), detail: text(), note: text(), sync: flag() }],
  [
    'condition_call_digits',
    'call',
    'end',
    'Deprecated: goes on when the digits fit.',
    {
      length: number(),
      key: text(),
      false_target_id: actionReference('Where to go when they do not.'),
    },
  ],
  [
    'condition_call_status',
    'call',
    'end',
    'Deprecated: goes on when the call has this status.',
    {
      status: Type.Optional(Type.Enum(['dialing', 'ringing', 'progressing', 'terminating', 'canceling', 'hangup'])),
      false_target_id: actionReference('Where to go when it has not.'),
    },
  ],
  ['confbridge_join', 'call', 'next', 'Joins a bridge.', { confbridge_id: uuidOption('The bridge.') }],
  ['conference_join', 'call', 'end', 'Joins a conference.', { conference_id: uuidOption('The conference.') }],
  [
    'conversation_send',
    'any',
    'next',
    'Sends a text into a conversation.',
    {
      conversation_id: uuidOption('The conversation.'),
      text: text(),
      sync: flag(),
    },
  ],
  [
    'email_send',
    'any',
    'next',
    'Sends an e-mail.',
    {
      destinations: addresses(),
      subject: text(),
      content: text(),
      attachments: Type.Optional(
        Type.Array(Type.Object({ reference_type: text(), reference_id: uuidOption('The recording.') })),
      ),
    },
  ],
  [
    'external_media_start',
    'call',
    'next',
    'Streams the sound of the call to a server.',
    {
      external_host: text(),
      encapsulation: text(),
      transport: text(),
      transport_data: text(),
      connection_type: text(),
      format: text(),
      direction: text(),
      direction_listen: text(),
      direction_speak: text(),
      data: text(),
    },
  ],
  ['external_media_stop', 'call', 'next', 'Ends all streams of the call.', {}],
  [
    'fetch',
    'any',
    'end',
    'Works through actions that a server answers with.',
    {
      event_url: text(),
      event_method: Type.Optional(Type.Enum(['', 'POST', 'GET', 'PUT', 'DELETE'])),
    },
  ],
  [
    'message_send',
    'any',
    'end',
    'Sends an SMS.',
    {
      source: Type.Optional(Address),
      destinations: addresses(),
      text: text(),
    },
  ],
  ['mute', 'call', 'next', 'Mutes the call.', {}],
  ['queue_join', 'call', 'end', 'Waits in a queue for an agent.', { queue_id: uuidOption('The queue.') }],
  ['stream_echo', 'call', 'next', 'Gives the caller his stream back, keys included.', { duration: number() }],
  ['transcribe_recording', 'any', 'next', 'Transcribes the recordings of the call.', transcription],
  ['transcribe_start', 'call', 'next', 'Transcribes the call while it goes on.', transcription],
  ['transcribe_stop', 'call', 'next', 'Ends the transcription.', {}],
]

export const planned: readonly AnyAction[] = PLANNED.map(([type, needs, onFailure, summary, options]) =>
  defineAction({
    type,
    summary,
    needs,
    onFailure,
    options: Type.Object(options),
    planned: true,
    start: () => fail(`action_not_available: ${type}`),
  }),
)
