import { BusError, type BusFailure } from '#platform/bus'
import { DatabaseUnavailable, type Unavailability } from '#platform/db'
import { ReasonedError } from '#platform/errors'
import { apiErrors } from './errors.ts'

/** What the framework's own failures carry. */
interface FrameworkError {
  code: string
  statusCode: number
}

/** Turns whatever was thrown into a reason: the one place where something unknown becomes `INTERNAL`. */
export function translate(thrown: unknown): ReasonedError {
  if (thrown instanceof ReasonedError) return thrown
  if (thrown instanceof DatabaseUnavailable) return ofDatabase(thrown.why, thrown)
  if (thrown instanceof BusError) return ofBus(thrown.why, thrown)
  if (isFrameworkError(thrown)) return ofFramework(thrown)
  return apiErrors.INTERNAL(undefined, { cause: thrown })
}

function ofDatabase(why: Unavailability, cause: unknown): ReasonedError {
  if (why === 'timeout') return apiErrors.REQUEST_TIMEOUT(undefined, { cause })
  if (why === 'aborted') return apiErrors.REQUEST_CANCELED(undefined, { cause })
  return apiErrors.SERVICE_UNAVAILABLE(undefined, { cause })
}

function ofBus(why: BusFailure, cause: unknown): ReasonedError {
  if (why === 'deadline') return apiErrors.REQUEST_TIMEOUT(undefined, { cause })
  if (why === 'aborted') return apiErrors.REQUEST_CANCELED(undefined, { cause })
  if (why === 'failed') return apiErrors.INTERNAL(undefined, { cause })
  return apiErrors.SERVICE_UNAVAILABLE(undefined, { cause })
}

function isFrameworkError(thrown: unknown): thrown is FrameworkError {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('statusCode' in thrown)) return false
  return typeof thrown.code === 'string' && thrown.code.startsWith('FST_') && typeof thrown.statusCode === 'number'
}

/** 413, 414, 415 and their like are 400 here: the closed set of statuses has no other (`platform.md` §5). */
function ofFramework(error: FrameworkError): ReasonedError {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return apiErrors.INVALID_ARGUMENT({ field: '', issue: 'is larger than 1 MiB' })
  if (error.code === 'FST_ERR_BAD_URL')
    return apiErrors.INVALID_ARGUMENT({ field: 'path', issue: 'has a bad percent-encoding' })
  if (error.code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH')
    return apiErrors.INVALID_ARGUMENT({ field: '', issue: 'does not have the length that Content-Length says' })
  if (error.code.startsWith('FST_ERR_CTP_'))
    return apiErrors.INVALID_JSON_BODY({ field: '', issue: 'must have the Content-Type application/json' })
  if (error.statusCode >= 400 && error.statusCode < 500)
    return apiErrors.INVALID_ARGUMENT({ field: 'request', issue: 'cannot be read' })
  return apiErrors.INTERNAL(undefined, { cause: error })
}

/** The same for an upload, whose body is no JSON. */
export function translateUpload(thrown: unknown): ReasonedError {
  if (isFrameworkError(thrown) && thrown.code.startsWith('FST_ERR_CTP_'))
    return apiErrors.INVALID_FILE_UPLOAD({ field: '', issue: 'must have the Content-Type multipart/form-data' })
  return translate(thrown)
}
