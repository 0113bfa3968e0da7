import {
  type AccesskeyService,
  type CustomerRecord,
  type CustomerService,
  type DefaultAdmins,
  isEmail,
  presentCustomer,
  webhookMethod,
  webhookUri,
} from '#managers/customer'
import type { Accesskey, Customer } from '#managers/customer/contract'
import { customerErrors } from '#managers/customer/errors'
import type { AnyTransaction, Database } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import type { MailOutbox } from '#platform/mail'
import { type Clock, timestamp } from '#platform/time'
import type { SignUp } from './contract.ts'
import type { MailLimits } from './mail-limits.ts'

const FIRST_KEY = { name: 'default', detail: 'Auto-provisioned API key' }

export interface SignupsNeeds {
  db: Database
  clock: Clock
  customers: CustomerService
  accesskeys: AccesskeyService
  admins: DefaultAdmins
  mails: MailOutbox
  limits: MailLimits
  /** Whether who signs up has to show that the mailbox is its own before the customer is active. */
  checksEmail: boolean
}

/** Lets somebody who is nobody here become a customer. */
export class Signups {
  readonly #needs: SignupsNeeds

  constructor(needs: SignupsNeeds) {
    this.#needs = needs
  }

  /**
   * A new customer with its first admin and an access key that works at once; the mailbox is sent a link that confirms it.
   * Nothing where the e-mail is none or is taken: then only its owner learns of it, by mail. `RATE_LIMIT_EXCEEDED` where an
   * address signs up too often.
   */
  async signUp(wanted: SignUp, ip: string): Promise<{ customer?: Customer; accesskey?: Accesskey }> {
    const email = wanted.email.trim()
    // these say nothing about others, so each gets its own reason
    webhookMethod(wanted.webhook_method ?? '')
    webhookUri(wanted.webhook_uri ?? '')
    if (!isEmail(email)) return {}
    const { db, limits, mails } = this.#needs
    const mayWrite = await db.transaction((trx) => limits.take(trx, email, ip))
    try {
      return await this.#create(wanted, email, ip, mayWrite)
    } catch (error) {
      if (!customerErrors.CUSTOMER_ALREADY_EXISTS.is(error)) throw error
      if (mayWrite)
        await db.transaction((trx) => mails.post(trx, { kind: 'signup_again', to: email, customer_id: NIL_UUID }))
      return {}
    }
  }

  async #create(wanted: SignUp, email: string, ip: string, mayWrite: boolean) {
    const { customers, admins, checksEmail, clock } = this.#needs
    const { name = '', detail = '', phone_number = '', address = '', webhook_method = '', webhook_uri = '' } = wanted
    const checked = await customers.check({ name, detail, email, phone_number, address, webhook_method, webhook_uri })
    const createAdmin = await admins.prepareDefaultAdmin(email)
    const now = timestamp(clock.wallMs())
    let accesskey: Accesskey | undefined
    const record = await customers.create(
      {
        ...checked,
        status: checksEmail ? 'initial' : 'active',
        email_verified: !checksEmail,
        // the operator can answer for whom it makes, not for whoever comes
        identity_verification_status: 'none',
        terms_agreed_version: now,
        terms_agreed_ip: ip,
        headless: true,
      },
      async (trx, customer) => {
        if (!(await createAdmin(trx, customer.id))) throw customerErrors.CUSTOMER_ALREADY_EXISTS()
        accesskey = await this.#needs.accesskeys.createIn(trx, customer.id, FIRST_KEY)
        if (mayWrite) await this.#write(trx, customer)
      },
    )
    return { customer: presentCustomer(record), ...(accesskey && { accesskey }) }
  }

  #write(trx: AnyTransaction, { id, email, email_verified }: CustomerRecord): Promise<void> {
    const kind = email_verified ? 'set_password' : 'verify_email'
    return this.#needs.mails.post(trx, { kind, to: email, customer_id: id })
  }
}
