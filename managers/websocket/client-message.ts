import type { ReasonedError } from '#platform/errors'
import { apiErrors } from '#platform/http'
import { LONGEST_REQUEST_ID, MOST_TOPICS_PER_MESSAGE } from './contract.ts'

/** What a client says. */
export interface ClientMessage {
  /** Anything but these two is passed over. */
  type: 'subscribe' | 'unsubscribe' | 'other'
  topics: readonly string[]
  /** Whoever sends one is answered. */
  request_id: string | undefined
}

/** A message that cannot be read; `request_id` where it could be. */
export interface UnreadableMessage {
  fault: ReasonedError
  request_id: string | undefined
}

/** Reads one text frame. */
export function readMessage(text: string): ClientMessage | UnreadableMessage {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return faulty('', 'must be JSON', undefined)
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    return faulty('', 'must be a JSON object', undefined)
  const { type, topics, request_id } = message as Readonly<Record<string, unknown>>
  if (request_id !== undefined && !isRequestId(request_id))
    return faulty('request_id', `must be a text of 1 to ${LONGEST_REQUEST_ID} characters`, undefined)
  if (typeof type !== 'string') return faulty('type', 'must be a text', request_id)
  if (type !== 'subscribe' && type !== 'unsubscribe') return { type: 'other', topics: [], request_id }
  if (!Array.isArray(topics) || !topics.every((topic) => typeof topic === 'string'))
    return faulty('topics', 'must be an array of texts', request_id)
  if (topics.length > MOST_TOPICS_PER_MESSAGE)
    return faulty('topics', `must not have more than ${MOST_TOPICS_PER_MESSAGE} entries`, request_id)
  return { type, topics, request_id }
}

function isRequestId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LONGEST_REQUEST_ID
}

function faulty(field: string, issue: string, request_id: string | undefined): UnreadableMessage {
  return { fault: apiErrors.INVALID_ARGUMENT({ field: field || 'message', issue }), request_id }
}
