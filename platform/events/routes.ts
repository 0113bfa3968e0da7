import { handle, type Route } from '#platform/http'
import { EVENTS_PAGE, listEvents, MOST_EVENTS } from './contract.ts'
import type { PublicEvents } from './public-events.ts'

export function eventRoutes(events: PublicEvents): Route[] {
  return [
    handle(listEvents, ({ customer, query, signal }) => {
      const { after = 0, page_size = EVENTS_PAGE, types = '', wait = 0 } = query
      const limit = page_size >= 1 && page_size <= MOST_EVENTS ? page_size : EVENTS_PAGE
      const only = types === '' ? [] : types.split(',')
      return events.follow(customer, { after, limit, types: only }, wait * 1_000, signal)
    }),
  ]
}
