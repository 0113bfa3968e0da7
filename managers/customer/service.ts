import type { AccountStart, BillingService } from '#managers/billing'
import { type AnyTransaction, type Database, uniqueViolation } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import { type Ids, randomText } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import type { CustomerMetadata, CustomerUpdate } from './contract.ts'
import {
  type CustomerRecord,
  type CustomerStatus,
  type IdentityVerification,
  isLiving,
  RESERVED_CUSTOMERS,
  type WebhookMethod,
} from './customer.ts'
import { isEmail } from './email.ts'
import { customerErrors } from './errors.ts'
import { customerEvents } from './events.ts'
import { CustomerStore } from './store.ts'
import { type PointsInside, webhookMethod, webhookUri } from './webhook-target.ts'

/** What a new customer is made of; everything else is the default of a customer that a super admin creates. */
export interface NewCustomer {
  /** A fresh id unless one is named (the reserved customers). */
  id?: string
  name: string
  detail?: string
  email: string
  phone_number?: string
  address?: string
  webhook_method?: WebhookMethod
  webhook_uri?: string
  status?: CustomerStatus
  /** As the operator has set it for new customers unless said. */
  identity_verification_status?: IdentityVerification
  /** Whether whoever made it has shown that the mailbox is its own; taken for granted unless said. */
  email_verified?: boolean
  /** Which terms it has agreed to, and from which address; none unless said. */
  terms_agreed_version?: string
  terms_agreed_ip?: string
  /** It has made itself, without the operator. */
  headless?: boolean
  billing?: AccountStart
}

/** Who else has a name that a customer's e-mail must not take; agents stand above customers, so it is handed in. */
export interface UsernameOwner {
  /** Platform-wide: the customer of the live agent of this username. */
  ownerOfUsername(username: string): Promise<string | undefined>
}

/** Customers: creating one with all that belongs to it, reading and changing it. */
export class CustomerService {
  readonly #db: Database
  readonly #store: CustomerStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #billing: BillingService
  readonly #usernames: UsernameOwner | undefined
  readonly #identityOfNew: IdentityVerification
  readonly #pointsInside: PointsInside | undefined

  /** `startVerified`: the operator answers for the identity of new customers. */
  constructor(needs: {
    db: Database
    clock: Clock
    ids: Ids
    billing: BillingService
    usernames?: UsernameOwner
    startVerified?: boolean
    pointsInside?: PointsInside
  }) {
    this.#db = needs.db
    this.#store = new CustomerStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#billing = needs.billing
    this.#usernames = needs.usernames
    this.#identityOfNew = needs.startVerified ? 'verified' : 'none'
    this.#pointsInside = needs.pointsInside
  }

  /**
   * Creates a customer with its billing account, in one transaction; `also` adds what else must be there from its first
   * moment (an agent, a key, extensions) to the same transaction. For the first run and for super admins.
   */
  async create(
    wanted: NewCustomer,
    also: (trx: AnyTransaction, customer: CustomerRecord) => Promise<void> = async () => {},
  ): Promise<CustomerRecord> {
    return this.#refuseTaken(() => this.#db.transaction((trx) => this.#createIn(trx, wanted, also)))
  }

  /** The customer as it is stored, deleted ones included; `undefined` when there never was one. */
  find(customer: string): Promise<CustomerRecord | undefined> {
    return this.#store.find(customer)
  }

  /** Platform-wide: the customer that has this e-mail, in whatever case it is written, unless it is deleted. */
  findByEmail(email: string): Promise<CustomerRecord | undefined> {
    return this.#store.findByEmail(email)
  }

  /** The customer; `CUSTOMER_NOT_FOUND` when it is deleted or never was. */
  async get(customer: string): Promise<CustomerRecord> {
    const record = await this.#store.find(customer)
    return record && isLiving(record) ? record : noCustomer(customer)
  }

  /** Platform-wide: the customers that are not deleted, newest first. */
  async list(page: PageRequest): Promise<Page<CustomerRecord>> {
    return paginate(await this.#store.list(page), page.size)
  }

  /** Whether telephone numbers may be bought and called: verified, or one of the platform's own customers. */
  async isIdentityVerified(customer: string): Promise<boolean> {
    if (RESERVED_CUSTOMERS.includes(customer)) return true
    return (await this.get(customer)).identity_verification_status === 'verified'
  }

  /** Replaces what may be changed by hand; takes effect on webhooks with the next event. */
  async update(customer: string, wanted: CustomerUpdate): Promise<CustomerRecord> {
    const change = await this.check(wanted, customer)
    return this.#refuseTaken(() => this.#change(customer, change, customerEvents.customer_updated))
  }

  /** Turns diagnostics of media on or off. */
  setMetadata(customer: string, { rtp_debug }: CustomerMetadata): Promise<CustomerRecord> {
    return this.#change(customer, { metadata: { rtp_debug } }, customerEvents.customer_updated)
  }

  /** Gives the customer another key for its webhooks; the key that it had. */
  async replaceWebhookSecret(trx: AnyTransaction, customer: string, webhook_secret: string): Promise<string> {
    const before = await this.#store.lock(trx, customer)
    if (!before || !isLiving(before)) return noCustomer(customer)
    const change = { webhook_secret, tm_update: timestamp(this.#clock.wallMs()) }
    const record = (await this.#store.update(trx, customer, change)) ?? noCustomer(customer)
    await this.#announce(trx, customerEvents.customer_updated(record))
    return before.webhook_secret
  }

  /** Says which billing account pays for a customer: one of its own, unless the operator says `anyones`. */
  async setBillingAccount(
    customer: string,
    billing_account_id: string,
    whose: { anyones?: boolean } = {},
  ): Promise<CustomerRecord> {
    return this.#change(customer, { billing_account_id }, customerEvents.customer_updated, (trx) =>
      this.#billing.setPayer(trx, customer, billing_account_id, whose),
    )
  }

  /** Says how far the customer has shown who it is; saying what holds already announces nothing. */
  setIdentityVerification(
    customer: string,
    identity_verification_status: IdentityVerification,
  ): Promise<CustomerRecord> {
    return this.#db.transaction(async (trx) => {
      const before = (await this.#store.lock(trx, customer)) ?? noCustomer(customer)
      if (!isLiving(before)) noCustomer(customer)
      if (before.identity_verification_status === identity_verification_status) return before
      const change = { identity_verification_status, tm_update: timestamp(this.#clock.wallMs()) }
      const record = (await this.#store.update(trx, customer, change)) ?? noCustomer(customer)
      await this.#announce(trx, customerEvents.customer_identity_verification_updated(record))
      return record
    })
  }

  /** What may be changed by hand, checked; `customer` is who may have the e-mail already. */
  async check(wanted: CustomerUpdate, customer?: string) {
    const email = wanted.email.trim()
    if (!isEmail(email)) throw apiErrors.INVALID_ARGUMENT({ field: 'email', issue: 'must be an e-mail address' })
    const webhook_method = webhookMethod(wanted.webhook_method)
    const webhook_uri = webhookUri(wanted.webhook_uri, this.#pointsInside)
    const owner = await this.#usernames?.ownerOfUsername(email)
    if (owner !== undefined && owner !== customer) throw customerErrors.CUSTOMER_ALREADY_EXISTS()
    const { name, detail, phone_number, address } = wanted
    return { name, detail, email, phone_number, address, webhook_method, webhook_uri }
  }

  #change(
    customer: string,
    change: Partial<CustomerRecord>,
    event: (record: CustomerRecord) => NewEvent,
    also: (trx: AnyTransaction) => Promise<void> = async () => {},
  ): Promise<CustomerRecord> {
    const tm_update = timestamp(this.#clock.wallMs())
    return this.#db.transaction(async (trx) => {
      const record = (await this.#store.update(trx, customer, { ...change, tm_update })) ?? noCustomer(customer)
      await also(trx)
      await this.#announce(trx, event(record))
      return record
    })
  }

  async #createIn(
    trx: AnyTransaction,
    wanted: NewCustomer,
    also: (trx: AnyTransaction, customer: CustomerRecord) => Promise<void>,
  ): Promise<CustomerRecord> {
    const id = wanted.id ?? this.#ids.uuid()
    const account = await this.#billing.createAccount(trx, id, wanted.billing)
    const record: CustomerRecord = {
      id,
      name: wanted.name,
      detail: wanted.detail ?? '',
      email: wanted.email,
      phone_number: wanted.phone_number ?? '',
      address: wanted.address ?? '',
      webhook_method: wanted.webhook_method ?? '',
      webhook_uri: wanted.webhook_uri ?? '',
      webhook_secret: randomText(this.#ids, 32),
      billing_account_id: account.id,
      metadata: { rtp_debug: false },
      email_verified: wanted.email_verified ?? true,
      status: wanted.status ?? 'active',
      identity_verification_status: wanted.identity_verification_status ?? this.#identityOfNew,
      tm_deletion_scheduled: null,
      terms_agreed_version: wanted.terms_agreed_version ?? '',
      terms_agreed_ip: wanted.terms_agreed_ip ?? '',
      tm_create: timestamp(this.#clock.wallMs()),
      tm_update: null,
      tm_delete: null,
    }
    await this.#store.insert(trx, id, record)
    await this.#announce(trx, customerEvents.customer_created(record, { headless: wanted.headless ?? false }))
    await also(trx, record)
    return record
  }

  /** Two requests at once may both find an e-mail free; the index decides, and its verdict becomes the reason. */
  async #refuseTaken<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (uniqueViolation(error) === 'customers_email') throw customerErrors.CUSTOMER_ALREADY_EXISTS()
      throw error
    }
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, { clock: this.#clock, ids: this.#ids })
  }
}

/** Throws that there is no such customer. */
export function noCustomer(customer_id: string): never {
  throw customerErrors.CUSTOMER_NOT_FOUND({ customer_id })
}
