import { NOBODY, type Spender } from '#managers/billing'
import { type Bus, NoResponder } from '#platform/bus'
import { type Database, uniqueViolation } from '#platform/db'
import { appendEvents } from '#platform/events'
import { apiErrors, type Page, type PageQuery, pageRequest, paginate } from '#platform/http'
import { type Ids, NIL_UUID } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { type Activeflow, WEBHOOK_METHODS, type WebhookMethod } from './activeflow.ts'
import { initialRow } from './activeflow-row.ts'
import { ActiveflowStore } from './activeflow-store.ts'
import { FLOW_COMMAND, FLOW_WAITING, type FlowAnswer, type FlowCommand } from './commands.ts'
import type { ActiveflowCreate } from './contract.ts'
import { begin } from './engine/index.ts'
import { flowErrors } from './errors.ts'
import { flowEvents } from './events.ts'
import type { Flow } from './flow.ts'
import { FlowStore } from './flow-store.ts'
import { refuseVariables } from './refuse-variables.ts'
import { type FlowService, readUuid } from './service.ts'

/** What the service of executions is made of. */
export interface ActiveflowServiceNeeds {
  db: Database
  bus: Bus
  clock: Clock
  ids: Ids
  flows: FlowService
  /** Whether a URI says by itself that it leads to where webhooks are not sent. */
  pointsInside?: (uri: string) => boolean
}

/** How long an order may take before the answer is `REQUEST_TIMEOUT`. Milliseconds. */
const COMMAND_DEADLINE_MS = 8_000

/** Executions as the API has them: it writes their beginning and reads their rows; whoever runs them is told by command. */
export class ActiveflowService {
  readonly #needs: ActiveflowServiceNeeds
  readonly #store: ActiveflowStore
  readonly #flows: FlowStore

  constructor(needs: ActiveflowServiceNeeds) {
    this.#needs = needs
    this.#store = new ActiveflowStore(needs.db)
    this.#flows = new FlowStore(needs.db)
  }

  async list(customer: string, query: PageQuery): Promise<Page<Activeflow>> {
    const request = pageRequest(query)
    return paginate(await this.#store.list(customer, request), request.size)
  }

  async get(customer: string, id: string): Promise<Activeflow> {
    const activeflow = await this.#store.find(customer, id)
    if (!activeflow) throw flowErrors.ACTIVEFLOW_NOT_FOUND({ activeflow_id: id })
    return activeflow
  }

  /** Writes it, ready to be run; the call role takes it from there. Its paid calls are `spender`'s. */
  async create(customer: string, create: ActiveflowCreate, spender: Spender = NOBODY): Promise<Activeflow> {
    const { webhook_uri = '', webhook_method = '', variables = {} } = create
    refuseVariables(variables)
    if (webhook_uri !== '' && !isWebhookUri(webhook_uri))
      throw apiErrors.INVALID_WEBHOOK_URI({ field: 'webhook_uri', issue: 'must be an absolute http or https URI' })
    if (this.#needs.pointsInside?.(webhook_uri))
      throw apiErrors.INVALID_WEBHOOK_URI({ field: 'webhook_uri', issue: 'must not lead to a private address' })
    if (!isWebhookMethod(webhook_method))
      throw apiErrors.INVALID_WEBHOOK_METHOD({ field: 'webhook_method', issue: 'must be POST, GET, PUT or DELETE' })
    const chosen = readUuid(create.id, 'id')
    const isInline = readUuid(create.flow_id, 'flow_id') === NIL_UUID
    const flow = await this.#flowOf(customer, create)
    const tm_create = timestamp(this.#needs.clock.wallMs())
    const state = begin({
      activeflow_id: chosen === NIL_UUID ? this.#needs.ids.uuid() : chosen,
      customer_id: customer,
      flow_id: flow.id,
      reference_type: 'api',
      on_complete_flow_id: flow.on_complete_flow_id,
      actions: flow.actions,
      injected: variables,
      spender,
      tm_create,
    })
    const { row, activeflow } = initialRow(state, { webhook_uri, webhook_method, tm_create })
    try {
      await this.#needs.db.transaction(async (trx) => {
        await this.#store.insert(trx, customer, row)
        if (isInline) await this.#flows.insert(trx, customer, flow)
        await appendEvents(trx, [flowEvents.activeflow_created(activeflow)], this.#needs)
      })
    } catch (error) {
      if (uniqueViolation(error) === 'activeflows_pkey') throw flowErrors.ACTIVEFLOW_ALREADY_EXISTS()
      throw error
    }
    this.#needs.bus.publish(FLOW_WAITING, {})
    return activeflow
  }

  stop(customer: string, id: string): Promise<Activeflow> {
    return this.#order({ id: this.#needs.ids.uuid(), type: 'stop', customer_id: customer, activeflow_id: id })
  }

  continue(customer: string, id: string): Promise<Activeflow> {
    return this.#order({ id: this.#needs.ids.uuid(), type: 'continue', customer_id: customer, activeflow_id: id })
  }

  /** Stops it where it runs, then deletes it. */
  async delete(customer: string, id: string): Promise<Activeflow> {
    const { status } = await this.get(customer, id)
    if (status === 'running') await this.#stopForDeletion(customer, id)
    return this.#needs.db.transaction(async (trx) => {
      const activeflow = await this.#store.lock(trx, customer, id)
      if (!activeflow) throw flowErrors.ACTIVEFLOW_NOT_FOUND({ activeflow_id: id })
      const now = timestamp(this.#needs.clock.wallMs())
      await this.#store.markDeleted(trx, customer, id, now)
      const deleted = { ...activeflow, tm_update: now, tm_delete: now }
      await appendEvents(trx, [flowEvents.activeflow_deleted(deleted)], this.#needs)
      return deleted
    })
  }

  async #stopForDeletion(customer_id: string, activeflow_id: string): Promise<void> {
    try {
      const id = this.#needs.ids.uuid()
      await this.#order({ id, type: 'stop', customer_id, activeflow_id, deleting: true })
    } catch (error) {
      if (!flowErrors.ACTIVEFLOW_ALREADY_STOPPED.is(error)) throw error // it ended by itself meanwhile
    }
  }

  async #order(command: FlowCommand): Promise<Activeflow> {
    const first = await this.#ask(FLOW_COMMAND, command)
    if ('activeflow' in first) return first.activeflow
    const second = await this.#ask(`${FLOW_COMMAND}.${first.runs_at}`, command)
    if ('activeflow' in second) return second.activeflow
    throw new NoResponder(FLOW_COMMAND) // it is changing hands at this moment
  }

  async #ask(subject: string, command: FlowCommand): Promise<FlowAnswer> {
    // the answer comes from our own runtime
    return (await this.#needs.bus.request(subject, command, { deadlineMs: COMMAND_DEADLINE_MS })) as FlowAnswer
  }

  /** The flow to run: a saved one, or a new one of the inline actions. */
  async #flowOf(customer: string, { flow_id, actions = [] }: ActiveflowCreate): Promise<Flow> {
    const id = readUuid(flow_id, 'flow_id')
    if (id === NIL_UUID) return this.#needs.flows.inline(customer, actions)
    const flow = await this.#flows.find(customer, id)
    if (!flow) throw flowErrors.FLOW_NOT_FOUND({ flow_id: id, field: 'flow_id' })
    return flow
  }
}

function isWebhookMethod(method: string): method is WebhookMethod {
  return (WEBHOOK_METHODS as readonly string[]).includes(method)
}

/** Asked of the text too, because a parser of URLs forgives a missing `//`, and spaces around and line ends inside. */
function isWebhookUri(text: string): boolean {
  if (text.length > 8_192 || !/^https?:\/\/[^/?#\\\s]/i.test(text) || /\s/.test(text)) return false
  return URL.canParse(text) && new URL(text).hostname !== ''
}
