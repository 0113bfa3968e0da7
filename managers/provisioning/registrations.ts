import type { Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { type Ids, uuidOfName } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'
import { type Flow, OutboundRegistrations, type RegistrationOptions, type RegistrationState } from '#telecom/sip'
import type { Carrier } from './carrier.ts'
import { type CarrierSip, carrierUri, destinationsOf } from './carrier-sip.ts'
import type { Carriers } from './carriers.ts'
import { provisioningEvents } from './events.ts'
import type { ProviderRecord } from './provider.ts'
import { ProviderStore } from './provider-store.ts'
import { nextRevision } from './revision.ts'

export interface CarrierRegistrationsNeeds {
  db: Database
  clock: Clock
  ids: Ids
  log: Log
  sip: CarrierSip
  carriers: Carriers
  /** Of several nodes one registers with a provider. */
  node: string
}

const LOOK_MS = 5_000
/** After so long without a sign of life another node takes a registration over. */
const LEASE_MS = 20_000

type Shown = Pick<ProviderRecord, 'registration_state' | 'registration_detail'>

/** Registers with the providers that want it, and keeps how it stands on their rows. */
export class CarrierRegistrations {
  readonly #needs: CarrierRegistrationsNeeds
  readonly #store: ProviderStore
  readonly #registrations: OutboundRegistrations
  /** What each provider was registered with, by its id, as text: other options are another registration. */
  readonly #wanted = new Map<string, string>()
  readonly #providers = new Map<string, string>()
  /** What is being written of each provider: two states that come at once are kept in the order that they came in. */
  readonly #noting = new Map<string, Promise<void>>()
  #timer: Timer | undefined
  #isStopped = false

  constructor(needs: CarrierRegistrationsNeeds) {
    this.#needs = needs
    this.#store = new ProviderStore(needs.db)
    const { clock, ids, sip } = needs
    this.#registrations = new OutboundRegistrations(
      { clock, ids, ask: (question) => sip.ask(question) },
      (contactUser, state) => this.#changed(contactUser, state),
    )
  }

  start(): void {
    this.#look()
  }

  /** Takes all of them back. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#registrations.stop()
  }

  /** A connection has closed: what was registered over it is renewed. */
  flowClosed(flow: Flow): void {
    this.#registrations.flowClosed(flow)
  }

  /** Registers where it is wanted and this node's to do, and takes back what is not any more. */
  async follow(): Promise<void> {
    const { carriers, clock, node, db } = this.#needs
    const now = clock.wallMs()
    const claim = { node, now: timestamp(now), before: timestamp(now - LEASE_MS) }
    const ours = new Set(
      (await db.transaction((trx) => this.#store.claimRegistrations(trx, claim))).map(({ id }) => id),
    )
    const gone = [...this.#wanted.keys()].filter((id) => !ours.has(id))
    // a carrier that is away answers no good-bye: none of them waits for another one's
    await Promise.all(gone.map((id) => this.#remove(id)))
    for (const id of ours) {
      const carrier = carriers.find(id)
      if (carrier && !this.#isStopped) await this.#put(carrier)
    }
  }

  async #put(carrier: Carrier): Promise<void> {
    const { id, credentials } = carrier
    if (!credentials) return this.#remove(id)
    const via = carrier.isInternal ? await destinationsOf(carrier, this.#needs.sip) : undefined
    const options: RegistrationOptions = {
      contactUser: contactUserOf(id),
      registrar: carrierUri(carrier),
      aor: carrierUri(carrier, credentials.username),
      credentials,
      ...(via ? { via } : {}),
    }
    const text = JSON.stringify(options)
    if (this.#wanted.get(id) === text) return
    this.#providers.set(options.contactUser, id)
    if (await this.#registrations.put(options)) this.#wanted.set(id, text)
    else {
      this.#wanted.delete(id)
      this.#needs.log.error({ provider_id: id }, 'there are too many registrations for one more')
    }
  }

  async #remove(id: string): Promise<void> {
    this.#wanted.delete(id)
    this.#providers.delete(contactUserOf(id))
    await this.#registrations.remove(contactUserOf(id))
  }

  #changed(contactUser: string, state: RegistrationState): void {
    const id = this.#providers.get(contactUser)
    const shown = id === undefined ? undefined : shownOf(state)
    if (id === undefined || !shown) return
    const noting = (this.#noting.get(id) ?? Promise.resolve())
      .then(() => this.#note(id, shown))
      .catch((error: unknown) =>
        this.#needs.log.warn({ provider_id: id, error }, 'the state of a registration could not be kept'),
      )
      .finally(() => {
        if (this.#noting.get(id) === noting) this.#noting.delete(id)
      })
    this.#noting.set(id, noting)
  }

  async #note(id: string, shown: Shown): Promise<void> {
    const { db, clock, ids, carriers } = this.#needs
    const isNew = await db.transaction(async (trx) => {
      const before = await this.#store.hold(trx, id)
      const isSame = before?.registration_state === shown.registration_state
      if (!before?.registration || (isSame && before.registration_detail === shown.registration_detail)) return false
      const changed = await this.#store.update(trx, id, { ...shown, revision: await nextRevision(trx) })
      if (changed) await appendEvents(trx, [provisioningEvents.provider_updated(changed)], { clock, ids })
      return true
    })
    if (isNew) await carriers.refresh()
  }

  #look(): void {
    this.follow()
      .catch((error: unknown) => this.#needs.log.warn({ error }, 'registrations with providers could not be followed'))
      .finally(() => {
        if (!this.#isStopped) this.#timer = this.#needs.clock.after(LOOK_MS, () => this.#look())
      })
  }
}

/** The same in each life, so that a new binding takes the place of the old one. */
function contactUserOf(provider_id: string): string {
  return uuidOfName(`registration:${provider_id}`).replaceAll('-', '')
}

/** How it stands, for people; `undefined` where nobody is told. */
function shownOf(state: RegistrationState): Shown | undefined {
  switch (state.type) {
    case 'registering':
    case 'registered':
      return { registration_state: state.type, registration_detail: '' }
    case 'refused':
      return { registration_state: 'failed', registration_detail: `${state.status} ${state.reason_phrase}` }
    case 'unreachable':
      return { registration_state: 'failed', registration_detail: state.reply.outcome }
    case 'not_asked':
      return { registration_state: 'failed', registration_detail: state.type }
    case 'unregistered':
      return undefined
  }
}
