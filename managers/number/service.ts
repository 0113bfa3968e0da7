import { type BillingChecks, type PlanLimits, requireStart } from '#managers/billing'
import { flowErrors } from '#managers/flow/errors'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import { type Ids, isUuid, NIL_UUID } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { NumberCreate, NumberFlowIds, PhoneNumber } from './contract.ts'
import { numberErrors } from './errors.ts'
import { numberEvents } from './events.ts'
import { faultOfNumber } from './number.ts'
import type { FlowLookup, NumberRouting } from './routing.ts'
import { NumberStore } from './store.ts'

/** What numbers ask of customers. */
export interface IdentityLookup {
  /** Whether the customer's identity has been verified (reserved customers count as verified). */
  isIdentityVerified(customer: string): Promise<boolean>
}

/** What a virtual number is made of. */
export interface NewVirtualNumber {
  number: string
  /** The nil UUID for none. */
  call_flow_id: string
  message_flow_id: string
  name: string
  detail: string
}

/** Numbers: getting one, giving it back, and the flows that answer it. */
export class NumberService implements NumberRouting {
  readonly #db: Database
  readonly #store: NumberStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #billing: BillingChecks & PlanLimits
  readonly #customers: IdentityLookup
  readonly #flows: FlowLookup

  constructor(needs: {
    db: Database
    clock: Clock
    ids: Ids
    billing: BillingChecks & PlanLimits
    customers: IdentityLookup
    flows: FlowLookup
  }) {
    this.#db = needs.db
    this.#store = new NumberStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#billing = needs.billing
    this.#customers = needs.customers
    this.#flows = needs.flows
  }

  async list(customer: string, page: PageRequest): Promise<Page<PhoneNumber>> {
    return paginate(await this.#store.list(customer, page), page.size)
  }

  async get(customer: string, id: string): Promise<PhoneNumber> {
    return (await this.#store.find(customer, id)) ?? noNumber(id)
  }

  find(customer: string, id: string): Promise<PhoneNumber | undefined> {
    return this.#store.find(customer, id)
  }

  findByNumber(number: string): Promise<PhoneNumber | undefined> {
    return this.#store.findByNumber(number)
  }

  /**
   * Gets a number for a customer: a virtual one at once and free, as far as the plan goes. One of the telephone network
   * is bought at a provider; the checks before that are made, and as long as none is configured the answer is
   * `NUMBER_PROVIDER_NOT_CONFIGURED`.
   */
  async create(customer: string, wanted: NumberCreate): Promise<PhoneNumber> {
    const type = wanted.type ?? 'normal'
    const issue = faultOfNumber(wanted.number, type)
    if (issue) throw apiErrors.INVALID_ARGUMENT({ field: 'number', issue })
    const ownFlows = async (trx?: AnyTransaction) => ({
      call_flow_id: await this.#ownFlow(customer, 'call_flow_id', wanted.call_flow_id ?? '', trx),
      message_flow_id: await this.#ownFlow(customer, 'message_flow_id', wanted.message_flow_id ?? '', trx),
    })
    if (type === 'normal') {
      await ownFlows()
      return this.#buy(customer)
    }
    return this.#db.transaction(async (trx) =>
      this.createVirtualIn(trx, customer, { ...wanted, ...(await ownFlows(trx)) }),
    )
  }

  /** Chooses the flows that answer a number; what is left out stays as it is. */
  async updateFlowIds(customer: string, id: string, wanted: NumberFlowIds): Promise<PhoneNumber> {
    const { call_flow_id, message_flow_id } = wanted
    await this.get(customer, id)
    return this.#change(customer, id, async (trx) => ({
      ...(call_flow_id !== undefined && {
        call_flow_id: await this.#ownFlow(customer, 'call_flow_id', call_flow_id, trx),
      }),
      ...(message_flow_id !== undefined && {
        message_flow_id: await this.#ownFlow(customer, 'message_flow_id', message_flow_id, trx),
      }),
    }))
  }

  /** Gives a number back: whoever asks first may have it next. */
  delete(customer: string, id: string): Promise<PhoneNumber> {
    const tm_update = this.#now()
    return this.#db.transaction(async (trx) => {
      const deleted = { status: 'deleted' as const, tm_update, tm_delete: tm_update }
      const number = (await this.#store.update(trx, customer, id, deleted)) ?? noNumber(id)
      await this.#announce(trx, numberEvents.number_deleted(number))
      return number
    })
  }

  /** Gives back every number of a customer that is being deleted. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const deleted = await this.#store.deleteAllOf(trx, customer, this.#now())
    await this.#announce(trx, ...deleted.map(numberEvents.number_deleted))
  }

  /** Takes a deleted flow off the numbers that it answered, in the transaction that deletes the flow. */
  async detachFlow(trx: AnyTransaction, customer: string, flow_id: string): Promise<void> {
    const numbers = await this.#store.detachFlow(trx, customer, flow_id, this.#now())
    if (numbers.length > 0) await this.#announce(trx, ...numbers.map(numberEvents.number_updated))
  }

  /**
   * Creates a virtual number in a transaction that the caller has begun, for the first run: the flows are the caller's
   * word, everything else is checked.
   */
  async createVirtualIn(trx: AnyTransaction, customer: string, wanted: NewVirtualNumber): Promise<PhoneNumber> {
    const issue = faultOfNumber(wanted.number, 'virtual')
    if (issue) throw apiErrors.INVALID_ARGUMENT({ field: 'number', issue })
    const limit = await this.#billing.lockLimit(trx, customer, 'virtual_numbers')
    const count = await this.#store.countVirtual(trx, customer)
    if (count >= limit) throw numberErrors.RESOURCE_LIMIT_EXCEEDED({ limit })
    const number = newVirtualNumber(this.#ids.uuid(), customer, wanted, this.#now())
    const inserted = await this.#store.insert(trx, customer, number)
    if (!inserted) throw numberErrors.NUMBER_ALREADY_EXISTS({ number: number.number })
    await this.#announce(trx, numberEvents.number_created(number))
    return number
  }

  async #buy(customer: string): Promise<never> {
    if (!(await this.#customers.isIdentityVerified(customer))) throw numberErrors.IDENTITY_VERIFICATION_REQUIRED()
    requireStart(await this.#billing.mayStart(customer, 'number', 1))
    throw numberErrors.NUMBER_PROVIDER_NOT_CONFIGURED()
  }

  #change(
    customer: string,
    id: string,
    work: (trx: AnyTransaction) => Promise<Partial<PhoneNumber>>,
  ): Promise<PhoneNumber> {
    const tm_update = this.#now()
    return this.#db.transaction(async (trx) => {
      const change = await work(trx)
      const number = (await this.#store.update(trx, customer, id, { ...change, tm_update })) ?? noNumber(id)
      await this.#announce(trx, numberEvents.number_updated(number))
      return number
    })
  }

  /** The flow's id when it may answer this customer's numbers, held by the transaction; the nil UUID for none. */
  async #ownFlow(customer: string, field: string, flow_id: string, trx?: AnyTransaction): Promise<string> {
    if (flow_id === '' || flow_id === NIL_UUID) return NIL_UUID
    if (!isUuid(flow_id)) throw apiErrors.INVALID_ID({ field, issue: 'must be a UUID' })
    const id = flow_id.toLowerCase()
    if (!(await this.#flows.flowExists(customer, id, trx))) throw flowErrors.FLOW_NOT_FOUND({ flow_id: id, field })
    return id
  }

  #now(): Timestamp {
    return timestamp(this.#clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, { clock: this.#clock, ids: this.#ids })
  }
}

function newVirtualNumber(
  id: string,
  customer_id: string,
  wanted: NewVirtualNumber,
  tm_create: Timestamp,
): PhoneNumber {
  return {
    id,
    customer_id,
    number: wanted.number,
    type: 'virtual',
    call_flow_id: wanted.call_flow_id,
    message_flow_id: wanted.message_flow_id,
    name: wanted.name,
    detail: wanted.detail,
    status: 'active',
    t38_enabled: false,
    emergency_enabled: false,
    metadata: { rtp_debug: false },
    tm_purchase: null,
    tm_renew: null,
    tm_create,
    tm_update: null,
    tm_delete: null,
  }
}

function noNumber(number_id: string): never {
  throw numberErrors.NUMBER_NOT_FOUND({ number_id })
}
