import { type BillingChecks, type PlanLimits, requireStart } from '#managers/billing'
import { flowErrors } from '#managers/flow/errors'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import { type Ids, isUuid, NIL_UUID } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { NumberBuyer } from './buyer.ts'
import type { NumberCharges } from './charges.ts'
import type { NumberCreate, NumberFlowIds, NumberMetadata, NumberUpdate, PhoneNumber } from './contract.ts'
import { numberErrors } from './errors.ts'
import { numberEvents } from './events.ts'
import { faultOfNumber, type NewNumber, newNumber } from './number.ts'
import { PurchaseStore } from './purchase-store.ts'
import { type OnUnsettled, Releases } from './releases.ts'
import type { FlowLookup, NumberRouting } from './routing.ts'
import { NumberStore } from './store.ts'
import type { Vendors } from './vendors.ts'

/** What numbers ask of customers. */
export interface IdentityLookup {
  /** Whether the customer's identity has been verified (reserved customers count as verified). */
  isIdentityVerified(customer: string): Promise<boolean>
  /** The customer; throws `CUSTOMER_NOT_FOUND` when it is deleted or never was. */
  get(customer: string): Promise<unknown>
}

export interface NumberServiceNeeds {
  db: Database
  clock: Clock
  ids: Ids
  billing: BillingChecks & PlanLimits & NumberCharges
  customers: IdentityLookup
  flows: FlowLookup
  vendors: Vendors
}

/** Numbers: getting one, giving it back, and the flows that answer it. */
export class NumberService implements NumberRouting {
  readonly #needs: NumberServiceNeeds
  readonly #store: NumberStore
  readonly #purchases: PurchaseStore
  readonly #releases: Releases
  readonly #buyer: NumberBuyer

  constructor(needs: NumberServiceNeeds) {
    this.#needs = needs
    this.#store = new NumberStore(needs.db)
    this.#purchases = new PurchaseStore(needs.db)
    this.#releases = new Releases({ ...needs, purchases: this.#purchases, charges: needs.billing })
    const stores = { store: this.#store, purchases: this.#purchases, releases: this.#releases }
    this.#buyer = new NumberBuyer({ ...needs, ...stores, charges: needs.billing })
  }

  async list(customer: string, page: PageRequest): Promise<Page<PhoneNumber>> {
    return paginate(await this.#store.list(customer, page), page.size)
  }

  async get(customer: string, id: string): Promise<PhoneNumber> {
    return (await this.#store.find(customer, id)) ?? noNumber(id)
  }

  /** `undefined` where the customer has no such number. */
  find(customer: string, id: string): Promise<PhoneNumber | undefined> {
    return this.#store.find(customer, id)
  }

  findByNumber(number: string): Promise<PhoneNumber | undefined> {
    return this.#store.findByNumber(number)
  }

  /** The oldest active number of a customer's own that the telephone network knows; `undefined` where there is none. */
  anyToShow(customer: string): Promise<PhoneNumber | undefined> {
    return this.#store.anyToShow(customer)
  }

  /**
   * Gets a number for a customer: a virtual one at once and free, as far as the plan goes; one of the telephone network is
   * charged and bought at the vendor that serves it. In the order of `billing.md` §6.3: form, flows, identity, balance, vendor.
   */
  async create(customer: string, wanted: NumberCreate): Promise<PhoneNumber> {
    const type = refuseFaulty(wanted)
    const holdFlows = (trx?: AnyTransaction) => this.#ownFlows(customer, wanted, trx)
    if (type === 'virtual')
      return this.#needs.db.transaction(async (trx) =>
        this.createVirtualIn(trx, customer, { ...wanted, ...(await holdFlows(trx)) }),
      )
    await holdFlows()
    if (!(await this.#needs.customers.isIdentityVerified(customer))) throw numberErrors.IDENTITY_VERIFICATION_REQUIRED()
    const vendor = this.#needs.vendors.serving(wanted.number)
    if (!vendor) {
      requireStart(await this.#needs.billing.mayStart(customer, 'number', 1))
      throw numberErrors.NUMBER_PROVIDER_NOT_CONFIGURED()
    }
    return this.#buyer.buy(customer, wanted, vendor, holdFlows)
  }

  /**
   * Registers a number of the telephone network that the operator brings along (from a carrier of its own): nothing is
   * bought, charged, renewed or given back.
   */
  async register(customer: string, wanted: NumberCreate): Promise<PhoneNumber> {
    await this.#needs.customers.get(customer)
    const type = refuseFaulty(wanted)
    if (type === 'virtual') return this.create(customer, wanted)
    return this.#needs.db.transaction(async (trx) => {
      await this.#needs.billing.lockLimit(trx, customer, 'virtual_numbers') // it is not deleted meanwhile
      const of = { id: this.#needs.ids.uuid(), customer_id: customer, type, tm_create: this.#now() }
      return this.#add(trx, newNumber({ ...wanted, ...(await this.#ownFlows(customer, wanted, trx)) }, of))
    })
  }

  /** Replaces name, detail and both flows. */
  async update(customer: string, id: string, { name, detail, ...flows }: NumberUpdate): Promise<PhoneNumber> {
    await this.get(customer, id)
    return this.#change(customer, id, async (trx) => ({
      name,
      detail,
      ...(await this.#ownFlows(customer, flows, trx)),
    }))
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

  /** Turns diagnostics of calls to the number on or off. */
  setMetadata(customer: string, id: string, { rtp_debug = false }: NumberMetadata): Promise<PhoneNumber> {
    return this.#change(customer, id, async () => ({ metadata: { rtp_debug } }))
  }

  /**
   * Gives a number back: nobody is called by it from now on. Its vendor has it back at once where it answers, else as soon
   * as it does; after that whoever asks first may have it.
   */
  async delete(customer: string, id: string): Promise<PhoneNumber> {
    const now = this.#now()
    const { number, sold } = await this.#needs.db.transaction(async (trx) => {
      const deleted = { status: 'deleted' as const, tm_release: null, tm_update: now, tm_delete: now }
      const gone = (await this.#store.update(trx, customer, id, deleted)) ?? noNumber(id)
      await this.#announce(trx, numberEvents.number_deleted(gone))
      return { number: gone, sold: await this.#purchases.giveBack(trx, customer, [id], now) }
    })
    await this.#releases.tryAll(sold)
    return number
  }

  /** Gives back every number of a customer that is being deleted; their vendors have them back soon after. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const now = this.#now()
    const deleted = await this.#store.deleteAllOf(trx, customer, now)
    await this.#announce(trx, ...deleted.map(numberEvents.number_deleted))
    const numbers = deleted.map(({ id }) => id)
    if (numbers.length > 0) await this.#purchases.giveBack(trx, customer, numbers, now)
  }

  /** Gives vendors back what they did not take yet, and ends purchases that nobody ended. For the job. */
  settlePurchases(signal: AbortSignal, onUnsettled: OnUnsettled): Promise<number> {
    return this.#releases.settleOpen(signal, onUnsettled)
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
  async createVirtualIn(trx: AnyTransaction, customer: string, wanted: NewNumber): Promise<PhoneNumber> {
    refuseFaulty({ ...wanted, type: 'virtual' })
    const limit = await this.#needs.billing.lockLimit(trx, customer, 'virtual_numbers')
    const count = await this.#store.countVirtual(trx, customer)
    if (count >= limit) throw numberErrors.RESOURCE_LIMIT_EXCEEDED({ limit })
    const of = { id: this.#needs.ids.uuid(), customer_id: customer, type: 'virtual' as const, tm_create: this.#now() }
    return this.#add(trx, newNumber(wanted, of))
  }

  async #add(trx: AnyTransaction, number: PhoneNumber): Promise<PhoneNumber> {
    const inserted = await this.#store.insert(trx, number.customer_id, number)
    if (!inserted) throw numberErrors.NUMBER_ALREADY_EXISTS({ number: number.number })
    await this.#announce(trx, numberEvents.number_created(number))
    return number
  }

  #change(
    customer: string,
    id: string,
    work: (trx: AnyTransaction) => Promise<Partial<PhoneNumber>>,
  ): Promise<PhoneNumber> {
    const tm_update = this.#now()
    return this.#needs.db.transaction(async (trx) => {
      const change = await work(trx)
      const number = (await this.#store.update(trx, customer, id, { ...change, tm_update })) ?? noNumber(id)
      await this.#announce(trx, numberEvents.number_updated(number))
      return number
    })
  }

  async #ownFlows(customer: string, { call_flow_id = '', message_flow_id = '' }: NumberFlowIds, trx?: AnyTransaction) {
    return {
      call_flow_id: await this.#ownFlow(customer, 'call_flow_id', call_flow_id, trx),
      message_flow_id: await this.#ownFlow(customer, 'message_flow_id', message_flow_id, trx),
    }
  }

  /** The flow's id when it may answer this customer's numbers, held by the transaction; the nil UUID for none. */
  async #ownFlow(customer: string, field: string, flow_id: string, trx?: AnyTransaction): Promise<string> {
    if (flow_id === '' || flow_id === NIL_UUID) return NIL_UUID
    if (!isUuid(flow_id)) throw apiErrors.INVALID_ID({ field, issue: 'must be a UUID' })
    const id = flow_id.toLowerCase()
    if (!(await this.#needs.flows.flowExists(customer, id, trx)))
      throw flowErrors.FLOW_NOT_FOUND({ flow_id: id, field })
    return id
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, this.#needs)
  }
}

/** The type of a number whose text is right for it. */
function refuseFaulty({ number, type = 'normal' }: Pick<NumberCreate, 'number' | 'type'>) {
  const issue = faultOfNumber(number, type)
  if (issue) throw apiErrors.INVALID_ARGUMENT({ field: 'number', issue })
  return type
}

function noNumber(number_id: string): never {
  throw numberErrors.NUMBER_NOT_FOUND({ number_id })
}
