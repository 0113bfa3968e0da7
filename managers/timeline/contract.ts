import { type Static, Type } from 'typebox'
import { callErrors } from '#managers/call/errors'
import { flowErrors } from '#managers/flow/errors'
import { adminOrManager, apiErrors, endpoint, Id, page, Timestamp } from '#platform/http'

/** Events of a page when nothing, or something out of range, is asked for. */
export const TIMELINE_PAGE = 100
export const MOST_ON_PAGE = 1_000

/** An event of a timeline: when, what, and the resource as it was then. */
export const TimelineEvent = Type.Object(
  {
    timestamp: Timestamp,
    event_type: Type.String({ examples: ['call_progressing'] }),
    data: Type.Record(Type.String(), Type.Unknown(), { description: 'The resource as it was at that moment.' }),
  },
  { $id: 'TimelineManagerEvent' },
)
export type TimelineEvent = Static<typeof TimelineEvent>

export const timelineQuery = Type.Object({
  page_size: Type.Optional(
    Type.Integer({
      description: `1 to ${MOST_ON_PAGE}; anything else is ${TIMELINE_PAGE}.`,
      default: TIMELINE_PAGE,
      'x-clamped': true,
    }),
  ),
  page_token: Type.Optional(
    Type.String({
      description: '`next_page_token` of the page before, or a timestamp: only older events are returned.',
    }),
  ),
})
export type TimelineQuery = Static<typeof timelineQuery>

export const listResourceEvents = endpoint({
  method: 'GET',
  path: '/timelines/{resource_type}/{resource_id}/events',
  summary: 'List what happened to a resource, newest first',
  allow: adminOrManager,
  params: Type.Object({
    resource_type: Type.String({
      description: '`calls`, `conferences`, `flows` or `activeflows`',
      examples: ['calls', 'flows', 'activeflows'],
    }),
    resource_id: Id,
  }),
  query: timelineQuery,
  returns: page(TimelineEvent),
  errors: [
    apiErrors.INVALID_RESOURCE_TYPE,
    apiErrors.RESOURCE_NOT_FOUND,
    callErrors.CALL_NOT_FOUND,
    flowErrors.FLOW_NOT_FOUND,
    flowErrors.ACTIVEFLOW_NOT_FOUND,
  ],
})

export const listAggregatedEvents = endpoint({
  method: 'GET',
  path: '/aggregated-events',
  summary: 'List what happened to everything of an activeflow, newest first',
  description: 'Give exactly one of `activeflow_id` and `call_id`; a call stands for its activeflow.',
  allow: adminOrManager,
  query: Type.Object({
    ...timelineQuery.properties,
    activeflow_id: Type.Optional(Type.String({ description: 'UUID of an activeflow.' })),
    call_id: Type.Optional(Type.String({ description: 'UUID of a call.' })),
  }),
  returns: page(TimelineEvent),
  errors: [
    apiErrors.INVALID_ACTIVEFLOW_ID,
    apiErrors.INVALID_CALL_ID,
    callErrors.CALL_NOT_FOUND,
    flowErrors.ACTIVEFLOW_NOT_FOUND,
  ],
})
