import { flowErrors } from '#managers/flow/errors'
import type { Database } from '#platform/db'
import { apiErrors, type Page } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { TimelineEvent } from './contract.ts'
import { TimelineStore } from './store.ts'
import { type TimelineRequest, timelinePage } from './timeline-page.ts'

/** Reads a live resource; throws its own not-found reason where this customer has none. */
export interface Readable<Resource = unknown> {
  get(customer: string, id: string): Promise<Resource>
}

/** Who knows the resources that have timelines. */
export interface TimelineNeeds {
  db: Database
  calls: Readable<{ activeflow_id: string }>
  flows: Readable
  activeflows: Readable
}

/** A kind of resource that has a timeline: its name in the ledger, and what refuses an id that is unknown. */
interface Kind {
  resource: string
  read(customer: string, id: string): Promise<unknown>
}

/** The smallest page: whether there is anything at all, as a store reads one event more than asked for. */
const ANY: TimelineRequest = { size: 0 }

/** What happened, read from the ledger: to one resource, or to everything of an activeflow. */
export class TimelineService {
  readonly #store: TimelineStore
  readonly #calls: TimelineNeeds['calls']
  readonly #activeflow: Kind
  readonly #kinds: ReadonlyMap<string, Kind>

  constructor({ db, calls, flows, activeflows }: TimelineNeeds) {
    this.#store = new TimelineStore(db)
    this.#calls = calls
    this.#activeflow = { resource: 'activeflow', read: (customer, id) => activeflows.get(customer, id) }
    this.#kinds = new Map<string, Kind>([
      ['calls', { resource: 'call', read: (customer, id) => calls.get(customer, id) }],
      ['conferences', { resource: 'conference', read: noConference }],
      ['flows', { resource: 'flow', read: (customer, id) => flows.get(customer, id) }],
      ['activeflows', this.#activeflow],
    ])
  }

  /**
   * What happened to a resource, newest first; one that is deleted keeps its timeline. `resource_type` is in the plural, as
   * in paths. An id of which neither a row nor an event is this customer's is not found.
   */
  async ofResource(
    customer: string,
    resource_type: string,
    resource_id: string,
    page: TimelineRequest,
  ): Promise<Page<TimelineEvent>> {
    const kind = this.#kinds.get(resource_type)
    if (!kind) {
      const issue = `must be one of ${[...this.#kinds.keys()].join(', ')}`
      throw apiErrors.INVALID_RESOURCE_TYPE({ field: 'resource_type', issue })
    }
    const subject = { resource: kind.resource, resource_id }
    const events = await this.#store.ofResource(customer, subject, page)
    if (events.length === 0 && (await this.#store.ofResource(customer, subject, ANY)).length === 0)
      await kind.read(customer, resource_id)
    return timelinePage(events, page.size)
  }

  /** What happened to an activeflow and everything that belongs to it, newest first. */
  async ofActiveflow(customer: string, activeflow_id: string, page: TimelineRequest): Promise<Page<TimelineEvent>> {
    const events = await this.#store.ofActiveflow(customer, activeflow_id, page)
    if (events.length === 0 && (await this.#store.ofActiveflow(customer, activeflow_id, ANY)).length === 0)
      await this.#activeflow.read(customer, activeflow_id)
    return timelinePage(events, page.size)
  }

  /** The same of the activeflow of a call. A call that ran no flow has no activeflow to be found. */
  async ofCallsActiveflow(customer: string, call_id: string, page: TimelineRequest): Promise<Page<TimelineEvent>> {
    const activeflow_id =
      (await this.#store.activeflowOfCall(customer, call_id)) ??
      (await this.#calls.get(customer, call_id)).activeflow_id
    if (activeflow_id === NIL_UUID) throw flowErrors.ACTIVEFLOW_NOT_FOUND({ activeflow_id })
    return this.ofActiveflow(customer, activeflow_id, page)
  }
}

async function noConference(): Promise<never> {
  throw apiErrors.RESOURCE_NOT_FOUND()
}
