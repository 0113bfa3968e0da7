import { Type } from 'typebox'
import { Address } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { hasPlaceholder } from '../engine/substitute.ts'
import {
  type AnyAction,
  flowReference,
  type OptionFault,
  optionFault,
  requiredUuid,
  uuidOption,
} from './define-action.ts'
import { delegated } from './delegated.ts'

const text = (maxLength: number, description: string) => Type.Optional(Type.String({ maxLength, description }))
const language = text(35, 'BCP 47, e.g. en-US.')
const addresses = (description: string) => Type.Array(Address, { minItems: 1, maxItems: 100, description })
const assistant = {
  ai_id: uuidOption('Deprecated: an AI.'),
  assistance_type: Type.Optional(Type.Enum(['', 'ai', 'team'])),
  assistance_id: uuidOption('The AI or team.'),
}
const transcription = {
  language,
  provider: Type.Optional(Type.Enum(['', 'gcp', 'aws'])),
  direction: Type.Optional(Type.Enum(['', 'both', 'in', 'out'], { default: 'both' })),
  on_end_flow_id: flowReference('Starts when it ends.'),
}

const DIRECTIONS = ['', 'in', 'out', 'both'] as const

/** A name or an address (IPv6 in brackets), a colon and a port. */
function isHostAndPort(text: string): boolean {
  const { host = '', port = '' } = /^(?<host>[^\s/?#@:]+|\[[0-9A-Fa-f:.]+\]):(?<port>\d{1,5})$/.exec(text)?.groups ?? {}
  return host !== '' && Number(port) > 0 && Number(port) < 65_536
}

/** Each destination has the type that the action can reach. */
const ofType =
  (type: string) =>
  ({ destinations }: { destinations: readonly Address[] }): OptionFault[] =>
    destinations.flatMap((address, at) => typeFault(address, type, `/destinations/${at}/type`))

function typeFault({ type: written = '' }: Address, type: string, pointer: string): OptionFault[] {
  return written === type || hasPlaceholder(written) ? [] : [optionFault(pointer, `must be ${type}`)]
}

/** An assistant is named by its id, in the new way or the old one. */
function assistantFault({ ai_id = NIL_UUID, assistance_id = NIL_UUID }: { ai_id?: string; assistance_id?: string }) {
  return ai_id === NIL_UUID && assistance_id === NIL_UUID ? [optionFault('/assistance_id', 'is required')] : []
}

/** The actions that other managers carry out. */
export const ofOtherManagers: readonly AnyAction[] = [
  delegated({
    type: 'external_media_start',
    needs: 'call',
    onFailure: 'next',
    summary: 'Streams the sound of the call to a server, and what that server says into the call.',
    options: {
      external_host: text(255, 'host:port; may be left out where the server comes to us (websocket).'),
      encapsulation: Type.Optional(Type.Enum(['', 'rtp', 'audiosocket', 'none'], { default: 'rtp' })),
      transport: Type.Optional(Type.Enum(['', 'udp', 'tcp', 'websocket'], { default: 'udp' })),
      transport_data: text(1_024, 'Of the transport.'),
      connection_type: Type.Optional(Type.Enum(['', 'client', 'server'], { default: 'client' })),
      format: Type.Optional(Type.Enum(['', 'ulaw', 'slin', 'slin16'], { default: 'ulaw' })),
      direction: Type.Optional(Type.Enum(DIRECTIONS, { description: 'Both of the following in one.' })),
      direction_listen: Type.Optional(Type.Enum(DIRECTIONS, { description: 'What the server hears.' })),
      direction_speak: Type.Optional(Type.Enum(DIRECTIONS, { description: 'Who hears the server.' })),
      data: text(1_024, 'Not used.'),
    },
    check: ({ external_host = '', transport = '' }) => {
      if (external_host === '') return transport === 'websocket' ? [] : [optionFault('/external_host', 'is required')]
      return hasPlaceholder(external_host) || isHostAndPort(external_host)
        ? []
        : [optionFault('/external_host', 'must be host:port')]
    },
  }),
  delegated({
    type: 'external_media_stop',
    needs: 'call',
    onFailure: 'next',
    summary: 'Ends all streams of the call.',
    options: {},
  }),
  delegated({
    type: 'mute',
    needs: 'call',
    onFailure: 'next',
    summary: 'Mutes the call in both directions.',
    options: {},
  }),
  delegated({
    type: 'ai_summary',
    needs: 'any',
    onFailure: 'end',
    summary: 'Summarises a call, conference, transcription or recording; by default what the flow is bound to.',
    options: {
      reference_type: Type.Optional(Type.Enum(['', 'call', 'conference', 'transcribe', 'recording'])),
      reference_id: uuidOption('What is summarised.'),
      language,
      on_end_flow_id: flowReference('Starts when it is there.'),
    },
    answer_ms: 60_000,
  }),
  delegated({
    type: 'ai_talk',
    needs: 'any',
    onFailure: 'end',
    summary: 'Lets an AI speak with the caller.',
    options: {
      ...assistant,
      duration: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400, description: 'Seconds; 0 = no end.' })),
    },
    check: assistantFault,
  }),
  delegated({
    type: 'ai_task',
    needs: 'no_call',
    onFailure: 'end',
    summary: 'Lets an AI do one task.',
    options: assistant,
    check: assistantFault,
  }),
  delegated({
    type: 'case_create',
    needs: 'any',
    onFailure: 'next',
    summary: 'Opens a case about whoever is at the other end.',
    options: {
      name: text(255, 'Its name.'),
      detail: text(10_000, 'What it is about.'),
      note: text(10_000, 'A first note, for colleagues only.'),
      sync: Type.Optional(Type.Boolean()),
    },
  }),
  delegated({
    type: 'confbridge_join',
    needs: 'call',
    onFailure: 'next',
    summary: 'Joins a bridge.',
    options: { confbridge_id: requiredUuid('The bridge.') },
  }),
  delegated({
    type: 'conference_join',
    needs: 'call',
    onFailure: 'end',
    summary: 'Joins a conference.',
    options: { conference_id: requiredUuid('The conference.') },
  }),
  delegated({
    type: 'conversation_send',
    needs: 'any',
    onFailure: 'next',
    summary: 'Sends a text into a conversation.',
    options: {
      conversation_id: requiredUuid('The conversation.'),
      text: text(65_536, 'What is sent.'),
      sync: Type.Optional(Type.Boolean({ description: 'Wait until it is sent.' })),
    },
  }),
  delegated({
    type: 'email_send',
    needs: 'any',
    onFailure: 'next',
    summary: 'Sends an e-mail.',
    options: {
      destinations: addresses('Addresses of the type email.'),
      subject: text(998, 'One line.'),
      content: text(1_048_576, 'The text.'),
      attachments: Type.Optional(
        Type.Array(
          Type.Object({
            reference_type: Type.Optional(Type.Enum(['', 'recording'])),
            reference_id: uuidOption('The recording.'),
          }),
          { maxItems: 20 },
        ),
      ),
    },
    check: ofType('email'),
  }),
  delegated({
    type: 'message_send',
    needs: 'any',
    onFailure: 'end',
    summary: 'Sends an SMS.',
    options: {
      source: Type.Optional(Address),
      destinations: addresses('Addresses of the type tel.'),
      text: text(65_536, 'What is sent.'),
    },
    check: (options) => [
      ...(options.source ? typeFault(options.source, 'tel', '/source/type') : []),
      ...ofType('tel')(options),
    ],
  }),
  delegated({
    type: 'queue_join',
    needs: 'call',
    onFailure: 'end',
    summary: 'Waits in a queue for an agent.',
    options: { queue_id: requiredUuid('The queue.') },
  }),
  delegated({
    type: 'transcribe_recording',
    needs: 'any',
    onFailure: 'next',
    summary: 'Transcribes the recordings of the call.',
    options: transcription,
  }),
  delegated({
    type: 'transcribe_start',
    needs: 'call',
    onFailure: 'next',
    summary: 'Transcribes the call while it goes on.',
    options: transcription,
  }),
  delegated({
    type: 'transcribe_stop',
    needs: 'call',
    onFailure: 'next',
    summary: 'Ends the transcription.',
    options: {},
  }),
]
