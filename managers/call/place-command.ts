import { InvariantError } from '#platform/errors'
import type { PlaceCallsRequest } from './place-calls.ts'

/** Where the `call` role takes requests for calls. */
export const PLACE_COMMANDS = 'call.place'

/** A request of the API, which has checked it: at most once, safe to repeat. */
export interface PlaceCommand {
  /** Chosen by who asks; the key of the request. */
  id: string
  type: 'place'
  request: PlaceCallsRequest
}

/** Reads a command from the bus; throws where it is none. */
export function readPlaceCommand(body: unknown): PlaceCommand {
  const { id, type, request } = body as Partial<PlaceCommand>
  if (typeof id !== 'string' || type !== 'place' || typeof request !== 'object')
    throw new InvariantError('no command to place calls')
  return { id, type, request }
}
