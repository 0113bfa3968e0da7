import { Type } from 'typebox'
import { adminOrManager, apiErrors, endpoint, handleSocket, idParams, type Route } from '#platform/http'
import { callErrors } from './errors.ts'
import type { MediaStreams } from './media-streams.ts'

/** Four seconds of sound. */
const MOST_MESSAGE_BYTES = 65_536 + 16

export const streamCallMedia = endpoint({
  method: 'GET',
  path: '/calls/{id}/media_stream',
  summary: 'Hear a call and speak into it, over a WebSocket',
  description:
    'Both sides of the call come mixed, 16-bit linear little-endian sound of 8 kHz in binary messages of 20 ms; what you send ' +
    'is heard by the party. Refusals come before the upgrade. The connection ends with the call (1000). The guide ' +
    '`media-streams.md` has the encapsulations and the close codes.',
  allow: adminOrManager,
  socket: { maxMessageBytes: MOST_MESSAGE_BYTES },
  success: 200, // so the contract says; really 101
  params: idParams,
  query: Type.Object({
    encapsulation: Type.Optional(Type.String({ description: 'rtp, sln or audiosocket; required.', examples: ['sln'] })),
  }),
  returns: Type.Object({}),
  errors: [
    callErrors.CALL_NOT_FOUND,
    callErrors.CALL_ALREADY_HANGUP,
    callErrors.CALL_STATE_INVALID,
    apiErrors.STATE_INVALID,
    apiErrors.SERVICE_UNAVAILABLE,
  ],
})

/** `/calls/{id}/media_stream` */
export function mediaStreamRoutes(streams: MediaStreams): Route[] {
  return [handleSocket(streamCallMedia, (request) => streams.connect(request))]
}
