import type { Directs } from '#managers/direct'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { apiErrors, type Page, type PageQuery, pageRequest, paginate } from '#platform/http'
import { type Ids, isUuid, NIL_UUID } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { faultAt, type Path, refuseFaults } from './action-faults.ts'
import { checkActions } from './check-actions.ts'
import type { FlowTest, FlowWrite } from './contract.ts'
import { flowErrors } from './errors.ts'
import { flowEvents } from './events.ts'
import { type Action, FLOWS_PER_CUSTOMER, type Flow, newFlow, temporaryFlow } from './flow.ts'
import { FlowLimit } from './flow-limit.ts'
import { FlowStore } from './flow-store.ts'
import { type FlowTestReport, testFlow } from './flow-test/run-flow-test.ts'
import type { OnFlowDeleted } from './needs.ts'
import { refuseVariables } from './refuse-variables.ts'

/** When a test may be asked for again that met another. */
const RETRY_TEST_SECONDS = 1

/** What the flow service is made of. */
export interface FlowServiceNeeds {
  db: Database
  clock: Clock
  ids: Ids
  directs: Directs
  /** Whoever points to flows lets go of one that is deleted. */
  onFlowDeleted: OnFlowDeleted
}

/** Flows as the API has them: checked when they are written, so that what is wrong is told before anything runs. */
export class FlowService {
  readonly #needs: FlowServiceNeeds
  readonly #store: FlowStore
  readonly #limit: FlowLimit
  /** Customers whose test runs in this process now. */
  readonly #testing = new Set<string>()

  constructor(needs: FlowServiceNeeds) {
    this.#needs = needs
    this.#store = new FlowStore(needs.db)
    this.#limit = new FlowLimit(needs.clock, (customer, most) => this.#store.countUpTo(customer, most))
  }

  async list(customer: string, query: PageQuery): Promise<Page<Flow>> {
    const request = pageRequest(query)
    return paginate(await this.#store.list(customer, request), request.size)
  }

  async get(customer: string, id: string): Promise<Flow> {
    const flow = await this.#store.find(customer, id)
    if (!flow) throw flowErrors.FLOW_NOT_FOUND({ flow_id: id })
    return flow
  }

  /** Whether the customer has saved a flow under this id; in a transaction, so that it stays until that ends. */
  async flowExists(customer: string, flow_id: string, trx?: AnyTransaction): Promise<boolean> {
    return (await this.#store.existing(customer, [flow_id], trx)).size > 0
  }

  async create(customer: string, write: FlowWrite): Promise<Flow> {
    const { actions, on_complete_flow_id } = await this.#check(customer, write)
    await this.refuseWhenFull(customer)
    const content = { ...write, actions, on_complete_flow_id, persist: true }
    const flow = newFlow(this.#needs.ids.uuid(), customer, content, this.#now())
    return this.#needs.db.transaction(async (trx) => {
      const direct = await this.#needs.directs.create(trx, customer, { resource_type: 'flow', resource_id: flow.id })
      const created = { ...flow, direct_hash: direct.hash }
      await this.#store.insert(trx, customer, created)
      await appendEvents(trx, [flowEvents.flow_created(created)], this.#needs)
      this.#limit.made(customer)
      return created
    })
  }

  /** Replaces the flow; an `on_complete_flow_id` that is left out is none. */
  async update(customer: string, id: string, write: FlowWrite): Promise<Flow> {
    await this.#saved(customer, id)
    const { actions, on_complete_flow_id } = await this.#check(customer, write)
    return this.#change(customer, id, async (trx, flow) => {
      const { name, detail } = write
      const updated = { ...flow, name, detail, actions, on_complete_flow_id, tm_update: this.#now() }
      await this.#store.update(trx, customer, id, updated)
      await appendEvents(trx, [flowEvents.flow_updated(updated)], this.#needs)
      return updated
    })
  }

  /**
   * Runs the flow, or actions in its place, against a script on virtual time. Nothing is called, sent or written. A customer
   * has one test at a time, because it works on the loop that answers everybody: another is `RATE_LIMIT_EXCEEDED`.
   */
  async test(customer: string, id: string, write: FlowTest, signal?: AbortSignal): Promise<FlowTestReport> {
    if (this.#testing.has(customer))
      throw apiErrors.RATE_LIMIT_EXCEEDED({ limited_by: 'customer', retry_after: RETRY_TEST_SECONDS })
    this.#testing.add(customer)
    try {
      return await this.#test(customer, id, write, signal)
    } finally {
      this.#testing.delete(customer)
    }
  }

  async #test(
    customer: string,
    id: string,
    { actions: written, ...script }: FlowTest,
    signal: AbortSignal | undefined,
  ): Promise<FlowTestReport> {
    refuseVariables(script.variables ?? {})
    const flow = await this.get(customer, id)
    const actions = written ? await this.#checkActions(customer, written, ['actions']) : flow.actions
    const { ids, clock } = this.#needs
    return testFlow({ ...flow, actions }, script, {
      ids,
      clock,
      flowOf: async (flow_id) => {
        const found = await this.#store.find(customer, flow_id)
        return found && { flow_id, actions: found.actions, on_complete_flow_id: found.on_complete_flow_id }
      },
      ...(signal ? { signal } : {}),
    })
  }

  /** Deletes the flow and its direct hash; numbers let go of it, and what runs goes on. */
  async delete(customer: string, id: string): Promise<Flow> {
    return this.#change(customer, id, async (trx, flow) => {
      await this.#needs.directs.remove(trx, customer, { resource_type: 'flow', resource_id: id })
      await this.#needs.onFlowDeleted(trx, customer, id)
      const now = this.#now()
      const deleted = { ...flow, direct_hash: '', tm_update: now, tm_delete: now }
      await this.#store.update(trx, customer, id, deleted)
      await appendEvents(trx, [flowEvents.flow_deleted(deleted)], this.#needs)
      return deleted
    })
  }

  /** Deletes every flow of a customer that is being deleted; its numbers go with it. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const deleted = await this.#store.deleteAllOf(trx, customer, this.#now())
    await appendEvents(trx, deleted.map(flowEvents.flow_deleted), this.#needs)
  }

  async regenerateDirectHash(customer: string, id: string): Promise<Flow> {
    return this.#change(customer, id, async (trx, flow) => {
      const target = { resource_type: 'flow', resource_id: id } as const
      const { hash } = await this.#needs.directs.regenerate(trx, customer, target)
      const updated = { ...flow, direct_hash: hash, tm_update: this.#now() }
      await this.#store.update(trx, customer, id, updated)
      return updated
    })
  }

  /** A temporary flow of inline actions, checked and ready to be inserted. */
  async inline(customer: string, written: readonly unknown[]): Promise<Flow> {
    const actions = await this.#checkActions(customer, written, ['actions'])
    await this.refuseWhenFull(customer)
    return temporaryFlow(this.#needs.ids.uuid(), customer, actions, this.#now())
  }

  async refuseWhenFull(customer: string): Promise<void> {
    if (await this.#limit.isFull(customer)) throw flowErrors.RESOURCE_LIMIT_EXCEEDED({ limit: FLOWS_PER_CUSTOMER })
  }

  async #check(customer: string, write: FlowWrite): Promise<Pick<Flow, 'actions' | 'on_complete_flow_id'>> {
    const on_complete_flow_id = readUuid(write.on_complete_flow_id, 'on_complete_flow_id')
    const actions = await this.#checkActions(customer, write.actions, ['actions'])
    if (on_complete_flow_id !== NIL_UUID && !(await this.flowExists(customer, on_complete_flow_id)))
      throw flowErrors.FLOW_NOT_FOUND({ flow_id: on_complete_flow_id, field: 'on_complete_flow_id' })
    return { actions, on_complete_flow_id }
  }

  async #checkActions(customer: string, written: readonly unknown[], path: Path): Promise<Action[]> {
    const { actions, faults, flows } = checkActions(written, path, this.#needs.ids)
    const existing = await this.#store.existing(customer, [...new Set(flows.map(({ flow_id }) => flow_id))])
    const missing = flows
      .filter(({ flow_id }) => !existing.has(flow_id))
      .map((named) => faultAt(named.path, 'names no flow of yours'))
    refuseFaults([...faults, ...missing])
    return actions
  }

  async #saved(customer: string, id: string): Promise<void> {
    if (!(await this.flowExists(customer, id))) throw flowErrors.FLOW_NOT_FOUND({ flow_id: id })
  }

  #change(
    customer: string,
    id: string,
    work: (trx: Parameters<FlowStore['lock']>[0], flow: Flow) => Promise<Flow>,
  ): Promise<Flow> {
    return this.#needs.db.transaction(async (trx) => {
      const flow = await this.#store.lock(trx, customer, id)
      if (!flow) throw flowErrors.FLOW_NOT_FOUND({ flow_id: id })
      return work(trx, flow)
    })
  }

  #now() {
    return timestamp(this.#needs.clock.wallMs())
  }
}

/** An id in a body: absent and empty are the nil UUID, anything that is no UUID is `INVALID_ID`. */
export function readUuid(text: string | undefined, field: string): string {
  if (text === undefined || text === '') return NIL_UUID
  if (!isUuid(text)) throw apiErrors.INVALID_ID({ field, issue: 'must be a UUID' })
  return text.toLowerCase()
}
