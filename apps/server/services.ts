import { AgentService } from '#managers/agent'
import {
  BillingService,
  RateDeck,
  RateDecks,
  Rerater,
  ReservationDesk,
  ReservationStore,
  SpendingLimits,
} from '#managers/billing'
import { ClosedHistoryNotes, callingCodeOf, countryOf, OutboundConfigService } from '#managers/call'
import {
  AccesskeyService,
  CustomerLifecycle,
  CustomerService,
  type PointsInside,
  RESERVED_CUSTOMERS,
} from '#managers/customer'
import { DirectService } from '#managers/direct'
import { FlowService } from '#managers/flow'
import { AvailableNumbers, NumberRenewals, NumberService, type NumberVendor, Vendors } from '#managers/number'
import { emergencyNumbers, ProviderService, RouteService } from '#managers/provisioning'
import { ExtensionService, RegistrationStore, TrunkService } from '#managers/registrar'
import { StorageAccounts } from '#managers/storage'
import { TagService } from '#managers/tag'
import { WebhookRecords, WebhookSecrets } from '#managers/webhook'
import type { Database } from '#platform/db'
import type { Ids } from '#platform/ids'
import { MailOutbox } from '#platform/mail'
import type { SecretBox } from '#platform/secrets'
import type { Clock } from '#platform/time'

/** What every service needs. */
export interface Basics {
  db: Database
  clock: Clock
  ids: Ids
}

/** As long as a frozen customer can come back. */
const NUMBER_GRACE_DAYS = 30

export interface ServicesNeeds extends Basics {
  /** The platform's SIP domain. */
  base: string
  /** Keeps the passwords that we send. */
  secrets: SecretBox
  /** The incarnation that makes calls; unknown where nobody makes any. */
  life?: string
  /** How long a paid call may talk on while nobody can decide whether it may. */
  undecidedSeconds?: number
  /** Whether the operator answers for the identity of new customers. */
  customersStartVerified?: boolean
  /** Whether customers pay; they do unless said. */
  billingEnforced?: boolean
  /** Whether a URI that is set leads to where webhooks are not sent; where nobody sets any, it need not be known. */
  pointsInside?: PointsInside
  /** Who sells telephone numbers, in the order in which they are asked; nobody unless said. */
  numberVendors?: readonly NumberVendor[]
  /** Days for which a number that could not be renewed stays. */
  numberGraceDays?: number
  /** Hears of each access key that was revoked. */
  onKeyRevoked?: (accesskey_id: string) => void
  /** Hears of each customer that was frozen, recovered or deleted. */
  onCustomerState?: (customer: string) => void
  /** Hears of each agent whose permission, password, logins or existence changed. */
  onAgentChanged?: (agent_id: string) => void
  /** Hears of each change of providers and routes. */
  onProvisioningChanged?: () => void
}

/** The managers that are rows and rules only, joined: the same in both roles and in the first run. */
export function createServices(needs: ServicesNeeds) {
  const { db, clock, ids, base, customersStartVerified: startVerified = false, pointsInside } = needs
  const { life, secrets, undecidedSeconds = 0, onKeyRevoked, onCustomerState, onAgentChanged } = needs
  const onChanged = needs.onProvisioningChanged
  const basics = { db, clock, ids }
  const rates = new RateDeck({ db, clock, countryOf })
  const holds = new ReservationStore()
  const billing = new BillingService({ ...basics, rates, holds, enforced: needs.billingEnforced ?? true })
  const { accounts, books } = billing
  const billingParts = { accounts, books, rates, decks: new RateDecks(basics), rerater: new Rerater(db) }
  const reservations = new ReservationDesk({ ...basics, billing, ...(life === undefined ? {} : { life }) })
  const directs = new DirectService(basics)
  const accesskeys = new AccesskeyService({ ...basics, ...(onKeyRevoked ? { onRevoked: onKeyRevoked } : {}) })
  const registrations = new RegistrationStore(db)
  const extensions: ExtensionService = new ExtensionService({
    ...{ ...basics, plans: billing, directs, registrations, base },
    onExtensionDeleted: (trx, customer, extension_id) => agents.detachExtension(trx, customer, extension_id),
    servesEmergency: emergencyNumbers(db),
  })
  const trunks = new TrunkService({ ...basics, plans: billing, base })
  const agents: AgentService = new AgentService({
    ...basics,
    plans: billing,
    directs,
    extensions,
    tags: { holdTags: (trx, customer, ids) => tags.holdTags(trx, customer, ids) },
    ...(onAgentChanged ? { onAgentChanged } : {}),
  })
  const tags: TagService = new TagService({
    ...basics,
    onTagDeleted: (trx, customer, tag_id) => agents.detachTag(trx, customer, tag_id),
  })
  const customers: CustomerService = new CustomerService({
    ...{ ...basics, billing, usernames: agents, startVerified },
    ...(pointsInside ? { pointsInside } : {}),
    onCustomerCreated: (trx, customer) => outboundConfigs.createIn(trx, customer),
  })
  const mails = new MailOutbox(basics)
  const webhookSecrets = new WebhookSecrets({ ...basics, customers })
  const webhookRecords = new WebhookRecords()
  const storageAccounts = new StorageAccounts({
    ...basics,
    customerExists: async (id) => (await customers.find(id))?.tm_delete === null,
  })
  const flows: FlowService = new FlowService({
    ...basics,
    directs,
    onFlowDeleted: (trx, customer, flow_id) => numbers.detachFlow(trx, customer, flow_id),
  })
  const providers = new ProviderService({ ...basics, secrets, ...(onChanged ? { onChanged } : {}) })
  const providerRoutes = new RouteService({ ...basics, customers, ...(onChanged ? { onChanged } : {}) })
  const vendors = new Vendors(needs.numberVendors ?? [])
  const numbers: NumberService = new NumberService({ ...basics, billing, customers, flows, vendors })
  const outboundConfigs: OutboundConfigService = new OutboundConfigService({ ...basics, numbers, customers })
  const numberRenewals = new NumberRenewals({
    ...{ ...basics, charges: billing, numbers },
    graceDays: needs.numberGraceDays ?? NUMBER_GRACE_DAYS,
  })
  const availableNumbers = new AvailableNumbers({ db, ids, vendors })
  const histories = new ClosedHistoryNotes(basics)
  const lifecycle = new CustomerLifecycle({
    ...{ ...basics, customers, billing, base, admins: agents, mails },
    onCustomerDeleted: async (trx, customer) => {
      // the account comes first: whoever creates something under it waits, and then finds it closed
      const reached = [accesskeys, directs, flows, numbers, outboundConfigs, extensions, trunks, tags, histories]
      for (const owner of [billing, agents, ...reached, storageAccounts, webhookRecords, providerRoutes])
        await owner.deleteAllOf(trx, customer)
    },
    ...(onCustomerState ? { onStateChanged: onCustomerState } : {}),
  })
  const spending = new SpendingLimits({
    ...{ ...basics, undecidedSeconds },
    countriesOf: async (customer) =>
      RESERVED_CUSTOMERS.includes(customer)
        ? 'all'
        : ((await outboundConfigs.find(customer))?.destination_whitelist ?? []),
    callingCodeOf,
  })
  return {
    billing,
    spending,
    reservations,
    billingParts,
    directs,
    accesskeys,
    extensions,
    agents,
    customers,
    lifecycle,
    mails,
    flows,
    numbers,
    numberRenewals,
    availableNumbers,
    outboundConfigs,
    providers,
    providerRoutes,
    storageAccounts,
    tags,
    trunks,
    webhookSecrets,
  }
}

export type Services = ReturnType<typeof createServices>
