import { type Static, Type } from 'typebox'
import {
  adminOrManager,
  apiErrors,
  endpoint,
  fileSchema,
  type Gate,
  idParams,
  Permission,
  page,
  pageQuery,
  Timestamp,
  TimestampOrNull,
  typedIdParams,
  Uuid,
} from '#platform/http'
import { storageErrors } from './errors.ts'

const FILE_TYPES = ['', 'rag', 'talk', 'recording'] as const
const REFERENCES = ['', 'normal', 'recording'] as const

/** The largest body of an upload: 30 MiB, the form around the file included. */
export const UPLOAD_BYTES = 30 * 1024 * 1024
/** How long nothing may come of an upload, and how long it may take to be kept once it is whole. */
const UPLOAD_DEADLINE_MS = 30_000

/** A file that is kept. It never changes; it can only be deleted. */
export const StorageFile = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    owner_type: Type.Enum(['agent']),
    owner_id: Uuid,
    reference_type: Type.Enum(REFERENCES),
    reference_id: Uuid,
    type: Type.Enum(FILE_TYPES),
    name: Type.String(),
    detail: Type.String(),
    filename: Type.String({ description: 'What it is called when it is downloaded.' }),
    filesize: Type.Integer({ description: 'Octets.' }),
    content_type: Type.String({ description: 'As it was uploaded; what a browser could run is served as octets.' }),
    uri_download: Type.String({
      description:
        'Until `tm_download_expire` an address that needs no login, below this host where it has none of its own; ' +
        'empty where it has expired or where there is none.',
    }),
    tm_download_expire: TimestampOrNull,
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'StorageFile' },
)
export type StorageFile = Static<typeof StorageFile>

/** What a list can be narrowed to. */
export const FileFilter = Type.Object({
  type: Type.Optional(Type.Enum(FILE_TYPES)),
  reference_type: Type.Optional(Type.Enum(REFERENCES)),
  reference_id: Type.Optional(Uuid),
  owner_id: Type.Optional(Uuid),
})
export type FileFilter = Static<typeof FileFilter>

const anyAgentBit: Gate = [Permission.CustomerAll]
const text = (description: string) => Type.Optional(Type.String({ maxLength: 255, description }))
const form = (type: 'rag' | 'talk') =>
  Type.Object({
    file: Type.String({ format: 'binary' }),
    type: Type.Enum([type]),
    name: text('The name of the resource.'),
    detail: text('Whatever helps to tell it apart.'),
  })
const uploadErrors = [
  apiErrors.INVALID_FILE_TYPE,
  apiErrors.INVALID_ARGUMENT,
  storageErrors.RESOURCE_LIMIT_EXCEEDED,
] as const
const ADDRESS = '`Location` is an address that needs no login; it understands `Range`.'

export const uploadFile = endpoint({
  method: 'POST',
  path: '/storage_files',
  summary: 'Upload a file',
  description: 'The whole body has at most 30 MiB.',
  allow: adminOrManager,
  deadlineMs: UPLOAD_DEADLINE_MS,
  upload: { maxBytes: UPLOAD_BYTES, form: form('rag') },
  returns: StorageFile,
  errors: uploadErrors,
})

export const listFiles = endpoint({
  method: 'GET',
  path: '/storage_files',
  summary: 'List all files of your customer, recordings included',
  allow: adminOrManager,
  query: Type.Object({ ...pageQuery.properties, ...FileFilter.properties }),
  returns: page(StorageFile),
  errors: [],
})

export const getFile = endpoint({
  method: 'GET',
  path: '/storage_files/{id}',
  summary: 'Read a file',
  description: 'An agent who is neither admin nor manager is not shown its address.',
  allow: anyAgentBit,
  params: idParams,
  returns: StorageFile,
  errors: [storageErrors.FILE_NOT_FOUND],
})

export const deleteFile = endpoint({
  method: 'DELETE',
  path: '/storage_files/{id}',
  summary: 'Delete a file',
  allow: adminOrManager,
  params: idParams,
  returns: StorageFile,
  errors: [storageErrors.FILE_NOT_FOUND],
})

export const getFileAddress = endpoint({
  method: 'GET',
  path: '/storage_files/{id}/file',
  summary: 'Get the address of a file',
  description: ADDRESS,
  allow: adminOrManager,
  params: typedIdParams,
  returns: Type.String(),
  redirects: true,
  success: 307,
  errors: [storageErrors.FILE_NOT_FOUND, storageErrors.SIGNING_NOT_CONFIGURED],
})

export const uploadAgentFile = endpoint({
  method: 'POST',
  path: '/service_agents/files',
  summary: 'Upload a file to share, as an agent',
  description: 'The whole body has at most 30 MiB.',
  allow: 'agent',
  deadlineMs: UPLOAD_DEADLINE_MS,
  upload: { maxBytes: UPLOAD_BYTES, form: form('talk') },
  returns: StorageFile,
  errors: uploadErrors,
})

export const listAgentFiles = endpoint({
  method: 'GET',
  path: '/service_agents/files',
  summary: 'List the files that you have uploaded, as an agent',
  allow: 'agent',
  query: pageQuery,
  returns: page(StorageFile),
  errors: [],
})

export const getAgentFile = endpoint({
  method: 'GET',
  path: '/service_agents/files/{id}',
  summary: 'Read a shared file of your customer, as an agent',
  allow: 'agent',
  params: idParams,
  returns: StorageFile,
  errors: [storageErrors.FILE_NOT_FOUND],
})

export const deleteAgentFile = endpoint({
  method: 'DELETE',
  path: '/service_agents/files/{id}',
  summary: 'Delete a file that you have uploaded, as an agent',
  allow: 'agent',
  params: idParams,
  returns: StorageFile,
  errors: [storageErrors.FILE_NOT_FOUND, apiErrors.PERMISSION_DENIED],
})

export const getAgentFileAddress = endpoint({
  method: 'GET',
  path: '/service_agents/files/{id}/file',
  summary: 'Get the address of a shared file of your customer, as an agent',
  description: ADDRESS,
  allow: 'agent',
  params: typedIdParams,
  returns: Type.String(),
  redirects: true,
  success: 307,
  errors: [storageErrors.FILE_NOT_FOUND, storageErrors.SIGNING_NOT_CONFIGURED],
})

export const downloadFile = endpoint({
  method: 'GET',
  path: '/files/{id}',
  root: 'only',
  summary: 'Download by a signed address',
  description:
    'The address is given out by other endpoints, such as `GET /storage_files/{id}/file` or `GET /recordingfiles/{id}`, ' +
    'and needs no login. A file as it was uploaded, or a ZIP archive of the files of a recording; `Range` is understood, ' +
    'so that a broken download can go on.',
  allow: 'public',
  deadlineMs: 60_000, // checksums of long recordings
  params: idParams,
  query: Type.Object({
    expires: Type.Integer({ minimum: 0, description: 'Until when it is good, in seconds since 1970.' }),
    sig: Type.String({ minLength: 1, maxLength: 128, description: 'The signature.' }),
    format: Type.Optional(
      Type.Enum(['zip', 'wav'], { description: '`wav`: both sides of a recording mixed into one file.' }),
    ),
  }),
  returns: fileSchema,
  files: ['application/zip', 'audio/wav', '*/*'],
  errors: [storageErrors.SIGNATURE_INVALID, storageErrors.DOWNLOAD_EXPIRED, storageErrors.FILE_NOT_FOUND],
})
