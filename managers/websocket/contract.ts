import { Type } from 'typebox'
import { endpoint } from '#platform/http'

/** The bounds of what a client may say and hold. */
export const MOST_MESSAGE_BYTES = 65_536
export const MOST_TOPICS_PER_MESSAGE = 100
export const MOST_TOPICS = 500
export const LONGEST_TOPIC = 256
export const LONGEST_REQUEST_ID = 128

/** Why the server closes a connection, those of RFC 6455 §7.4.1 included (1009 = too long is the library's). */
export const CloseCode = {
  /** The server stops: connect again. */
  GoingAway: 1001,
  /** A binary frame came. */
  Binary: 1003,
  /** A subscription could not be made for the moment. */
  TryAgain: 1013,
  /** A message that is not JSON, has the wrong form, or passes a bound. */
  BadMessage: 4400,
  /** What the connection was opened with no longer holds: the token expired, the key was deleted, the role changed. */
  Credentials: 4401,
  /** A topic that is not one, or not the caller's. */
  Topic: 4403,
  /** The client reads more slowly than events come. */
  Overflow: 4429,
} as const
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode]

export const webSocket = endpoint({
  method: 'GET',
  path: '/ws',
  summary: 'Follow events over a WebSocket',
  description:
    'Send `{"type":"subscribe","topics":["customer_id:<id>:call"]}`; events arrive as `{"type","data"}`, like webhooks. ' +
    'Refusals come before the upgrade. The guide `websocket.md` has the topics, the acknowledgements and the close codes.',
  allow: 'customer',
  direct: 'any',
  noDelegates: true,
  socket: { maxMessageBytes: MOST_MESSAGE_BYTES },
  query: Type.Object({
    sequence: Type.Optional(
      Type.Boolean({ default: false, description: 'Each event also carries `sequence` and `id`; implied by `after`.' }),
    ),
    after: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          'The first subscription begins behind this `sequence` instead of now: nothing is missed in between.',
      }),
    ),
  }),
  returns: Type.Object({}),
  errors: [],
})

const { direct: _direct, noDelegates: _noDelegates, ...forAnybody } = webSocket

/** The same for agents, beside all else that they ask for. */
export const agentWebSocket = endpoint({
  ...forAnybody,
  path: '/service_agents/ws',
  summary: 'Follow events over a WebSocket, as an agent',
  allow: 'agent',
})
