import { type Static, Type } from 'typebox'
import { billingErrors } from '#managers/billing/errors'
import { flowErrors } from '#managers/flow/errors'
import { storageErrors } from '#managers/storage/errors'
import { adminOrManager, apiErrors, endpoint, idParams, page, pageQuery, Timestamp, Uuid } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { Call } from './contract.ts'
import { callErrors } from './errors.ts'
import { LONGEST_RECORDING_S, RECORDING_FORMATS } from './recording.ts'

const STATUSES = ['initiating', 'recording', 'stopping', 'ended'] as const
const REFERENCES = ['call', 'confbridge'] as const

/** A recording. Empty strings and what is not known yet are left out; ids are always there. */
export const Recording = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    owner_type: Type.Optional(Type.Enum(['', 'agent'])),
    owner_id: Uuid,
    activeflow_id: Uuid,
    reference_type: Type.Enum(REFERENCES),
    reference_id: Uuid,
    status: Type.Enum(STATUSES),
    format: Type.Enum(RECORDING_FORMATS),
    on_end_flow_id: Uuid,
    duration: Type.Optional(Type.Number({ description: 'Seconds of sound, once it has ended.' })),
    size: Type.Optional(
      Type.Integer({ description: 'Octets of its files, once it has ended; of mp3 once they are made.' }),
    ),
    complete: Type.Optional(
      Type.Boolean({
        description: 'Whether nothing is missing between its first and its last moment, once it has ended.',
      }),
    ),
    checksums: Type.Optional(
      Type.Array(
        Type.Object({
          filename: Type.String(),
          sha256: Type.String({ description: 'Of the octets of the file, hexadecimal.' }),
        }),
        {
          description:
            'Of each of its files, once they are kept, some seconds after the end; they do not change after that.',
        },
      ),
    ),
    tm_start: Type.Optional(Timestamp),
    tm_end: Type.Optional(Timestamp),
    tm_create: Timestamp,
    tm_update: Type.Optional(Timestamp),
    tm_delete: Type.Optional(Timestamp),
  },
  { $id: 'Recording' },
)
export type Recording = Static<typeof Recording>

/** How a recording of a call ends by itself, and what follows it. */
export const RecordingStart = Type.Object({
  format: Type.Optional(
    Type.Enum(RECORDING_FORMATS, {
      default: 'wav',
      description: 'mp3 is made of it after its end, in the background.',
    }),
  ),
  end_of_silence: Type.Optional(
    Type.Integer({
      ...{ minimum: 0, maximum: LONGEST_RECORDING_S, default: 0 },
      description: 'Seconds of silence on both sides that end it; 0 = never.',
    }),
  ),
  end_of_key: Type.Optional(
    Type.Enum(['', 'none', 'any', '*', '#'], { default: '', description: 'The key that ends it.' }),
  ),
  duration: Type.Optional(
    Type.Integer({
      ...{ minimum: 0, maximum: LONGEST_RECORDING_S, default: 0 },
      description: 'Seconds after which it ends; 0 = with the call.',
    }),
  ),
  on_end_flow_id: Type.Optional(
    Type.String({ format: 'uuid', default: NIL_UUID, description: 'The flow that starts when it has ended.' }),
  ),
})
export type RecordingStart = Static<typeof RecordingStart>

export const startCallRecording = endpoint({
  method: 'POST',
  path: '/calls/{id}/recording_start',
  summary: 'Record a call',
  description: 'Answers when the recording has begun, with the call that names it in `recording_id`.',
  allow: adminOrManager,
  params: idParams,
  body: RecordingStart,
  bodyOptional: true,
  returns: Call,
  errors: [
    callErrors.CALL_NOT_FOUND,
    callErrors.CALL_ALREADY_HANGUP,
    callErrors.CALL_STATE_INVALID,
    callErrors.RECORDING_ALREADY_ACTIVE,
    callErrors.INSUFFICIENT_BALANCE,
    billingErrors.ACCOUNT_SUSPENDED,
    billingErrors.SPENDING_LIMIT_REACHED,
    flowErrors.FLOW_NOT_FOUND,
    storageErrors.RESOURCE_LIMIT_EXCEEDED,
  ],
})

export const stopCallRecording = endpoint({
  method: 'POST',
  path: '/calls/{id}/recording_stop',
  summary: 'End the recording of a call',
  description: 'Answers when it has begun to end; the end itself is the event `recording_finished`.',
  allow: adminOrManager,
  params: idParams,
  returns: Call,
  errors: [callErrors.CALL_NOT_FOUND, callErrors.RECORDING_NOT_ACTIVE],
})

export const listRecordings = endpoint({
  method: 'GET',
  path: '/recordings',
  summary: 'List recordings',
  allow: adminOrManager,
  query: Type.Object({
    ...pageQuery.properties,
    reference_type: Type.Optional(Type.Enum(REFERENCES)),
    reference_id: Type.Optional(Uuid),
    status: Type.Optional(Type.Enum(STATUSES)),
  }),
  returns: page(Recording),
  errors: [],
})

export const getRecording = endpoint({
  method: 'GET',
  path: '/recordings/{id}',
  summary: 'Read a recording',
  allow: adminOrManager,
  params: idParams,
  returns: Recording,
  errors: [callErrors.RECORDING_NOT_FOUND],
})

export const deleteRecording = endpoint({
  method: 'DELETE',
  path: '/recordings/{id}',
  summary: 'Delete a recording and its files; one that goes on is ended first',
  allow: adminOrManager,
  params: idParams,
  returns: Recording,
  errors: [callErrors.RECORDING_NOT_FOUND],
})

export const getRecordingFile = endpoint({
  method: 'GET',
  path: '/recordingfiles/{id}',
  summary: 'Get the address of the files of a recording',
  description:
    '`Location` is an address on this host that needs no login and is good for 24 hours: a ZIP archive with one file for ' +
    'each direction, or with `format=wav` (of WAV recordings) one WAV file with both. MP3 files are there some seconds ' +
    'after the end; until then it is `STATE_INVALID`.',
  allow: adminOrManager,
  params: idParams,
  query: Type.Object({ format: Type.Optional(Type.Enum(['zip', 'wav'])) }),
  returns: Type.String(),
  redirects: true,
  success: 307,
  errors: [callErrors.RECORDING_NOT_FOUND, apiErrors.STATE_INVALID, storageErrors.FILE_NOT_FOUND],
})
