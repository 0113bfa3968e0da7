import type { Api } from './api.ts'
import { connect } from './connection.ts'
import { type EventFeed, type FollowOptions, follow } from './follow.ts'
import { everyGroup } from './generated/every-group.ts'
import type { ClientOptions } from './options.ts'

/** Every operation of the platform: `client.calls.hangup(id)`, `client.agents.create({…})`. */
export type Client = ReturnType<typeof createClient>

/** A client of the platform at `baseUrl`. It opens nothing before the first request and needs no closing. */
export function createClient(options: ClientOptions) {
  const api: Api = connect(options)
  const groups = everyGroup(api)
  return {
    ...groups,
    events: {
      ...groups.events,
      /** Follows the customer's public events from a cursor on, through broken connections and restarts. */
      follow: (options: FollowOptions = {}): EventFeed => follow(api, options),
    },
    /** The way to an operation that this version of the client does not know yet. */
    api,
  }
}
