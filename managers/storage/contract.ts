import { Type } from 'typebox'
import { endpoint, fileSchema, idParams } from '#platform/http'
import { storageErrors } from './errors.ts'

export const downloadFile = endpoint({
  method: 'GET',
  path: '/files/{id}',
  root: 'only',
  summary: 'Download by a signed address',
  description:
    'The address is given out by other endpoints, such as `GET /recordingfiles/{id}`, and needs no login. A ZIP archive ' +
    'of the files; `Range` is understood, so that a broken download can go on.',
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
  files: ['application/zip', 'audio/wav'],
  errors: [storageErrors.SIGNATURE_INVALID, storageErrors.DOWNLOAD_EXPIRED, storageErrors.FILE_NOT_FOUND],
})
