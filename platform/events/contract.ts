import { Type } from 'typebox'
import { adminOrManager, endpoint, Timestamp, Uuid } from '#platform/http'

/** Rows of a page when nothing, or something out of range, is asked for. */
export const EVENTS_PAGE = 100
export const MOST_EVENTS = 1_000
/** How long a request may wait for events, in seconds. */
export const LONGEST_WAIT_S = 30
const MOST_TYPES = 50

export const Event = Type.Object(
  {
    sequence: Type.Integer({ description: "The event's number among the customer's public events: 1, 2, 3, …" }),
    id: Uuid,
    type: Type.String({ examples: ['call_hangup'] }),
    resource: Type.String({ examples: ['call'] }),
    resource_id: Uuid,
    tm_create: Timestamp,
    data: Type.Record(Type.String(), Type.Unknown(), { description: 'The resource as it was at that moment.' }),
  },
  { $id: 'Event' },
)

/** Events that are gone: the first and the last sequence number. */
export const EventGap = Type.Object({ first: Type.Integer(), last: Type.Integer() }, { $id: 'EventGap' })

export const eventsQuery = Type.Object({
  after: Type.Optional(
    Type.Integer({ minimum: 0, default: 0, maximum: Number.MAX_SAFE_INTEGER, description: '`next_after` of before.' }),
  ),
  page_size: Type.Optional(
    Type.Integer({ default: EVENTS_PAGE, description: `1 to ${MOST_EVENTS}; anything else is ${EVENTS_PAGE}.` }),
  ),
  types: Type.Optional(
    Type.String({
      pattern: `^[a-z0-9_]{1,64}(,[a-z0-9_]{1,64}){0,${MOST_TYPES - 1}}$`,
      description: `Up to ${MOST_TYPES} event types, separated by commas; all when left out.`,
      examples: ['call_progressing,call_hangup'],
    }),
  ),
  wait: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LONGEST_WAIT_S,
      default: 0,
      description: 'Seconds to wait for an event when there is none yet.',
    }),
  ),
})

export const listEvents = endpoint({
  method: 'GET',
  path: '/events',
  summary: 'Read public events in order',
  description:
    "The customer's public events in ascending order without gaps: pass `next_after` of one answer as `after` of the next. " +
    'Where events after `after` are not kept any more, `missing` says which, and the page goes on behind them.',
  allow: adminOrManager,
  deadlineMs: (LONGEST_WAIT_S + 10) * 1_000,
  query: eventsQuery,
  returns: Type.Object({
    result: Type.Array(Event),
    next_after: Type.Integer({ description: 'Behind everything that was looked at, also what `types` left out.' }),
    missing: Type.Union([EventGap, Type.Null()], {
      description:
        'Events after `after` that are not kept any more, whatever `types` asks for; null where none is missing.',
    }),
    latest: Type.Integer({
      description:
        "The number of the customer's latest public event. Below `after`: that cursor is not of this history.",
    }),
  }),
  errors: [],
})
