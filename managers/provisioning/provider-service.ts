import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { type Page, type PageRequest, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import type { SecretBox } from '#platform/secrets'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { provisioningErrors } from './errors.ts'
import { provisioningEvents } from './events.ts'
import { type ProviderRecord, presentProvider } from './provider.ts'
import type { Provider, ProviderWrite } from './provider-contract.ts'
import { fieldsOfBody } from './provider-fields.ts'
import { ProviderStore } from './provider-store.ts'
import { nextRevision } from './revision.ts'

export interface ProviderServiceNeeds {
  db: Database
  clock: Clock
  ids: Ids
  /** Keeps the passwords that we send. */
  secrets: Pick<SecretBox, 'seal'>
  /** Hears of each change, once it is committed. */
  onChanged?: () => void
}

/** What only the platform itself says of a provider. */
export interface ProviderOrigin {
  metadata?: Record<string, unknown>
  /** It may be reached although its address is private: the sandbox carrier. */
  is_internal?: boolean
}

/** Providers: the carriers that the platform's calls leave by, and come from. */
export class ProviderService {
  readonly #needs: ProviderServiceNeeds
  readonly #store: ProviderStore

  constructor(needs: ProviderServiceNeeds) {
    this.#needs = needs
    this.#store = new ProviderStore(needs.db)
  }

  async list(page: PageRequest): Promise<Page<Provider>> {
    const { result, next_page_token } = paginate(await this.#store.list(page), page.size)
    return { result: result.map(presentProvider), next_page_token }
  }

  async get(id: string): Promise<Provider> {
    return presentProvider((await this.#store.find(id)) ?? noProvider(id))
  }

  /** Throws `INVALID_CODECS`, or everything else that is wrong with it. */
  async create(body: ProviderWrite, origin: ProviderOrigin = {}): Promise<Provider> {
    const fields = fieldsOfBody(body)
    const id = this.#needs.ids.uuid()
    const provider = await this.#needs.db.transaction(async (trx) => {
      const made: ProviderRecord = {
        id,
        ...fields,
        sealed_password: this.#needs.secrets.seal(body.password ?? '', id),
        metadata: origin.metadata ?? null,
        is_internal: origin.is_internal ?? false,
        ...UNKNOWN_HEALTH,
        ...registrationOf(fields.registration),
        registration_node: '',
        tm_registration: null,
        revision: await nextRevision(trx),
        tm_create: this.#now(),
        tm_update: null,
        tm_delete: null,
      }
      await this.#store.insert(trx, made)
      await this.#announce(trx, provisioningEvents.provider_created(made))
      return made
    })
    this.#needs.onChanged?.()
    return presentProvider(provider)
  }

  /** Replaces it; the password stays where none is given. Of another host nothing is known yet. */
  async update(id: string, body: ProviderWrite): Promise<Provider> {
    const { secrets } = this.#needs
    const fields = fieldsOfBody(body)
    return this.#change(id, provisioningEvents.provider_updated, (before) => {
      const { hostname, transport, registration } = fields
      const isElsewhere = hostname !== before.hostname || transport !== before.transport
      return {
        ...fields,
        ...(body.password === undefined ? {} : { sealed_password: secrets.seal(body.password, id) }),
        ...(isElsewhere ? UNKNOWN_HEALTH : {}),
        ...(isElsewhere || registration !== before.registration ? registrationOf(registration) : {}),
      }
    })
  }

  delete(id: string): Promise<Provider> {
    return this.#change(id, provisioningEvents.provider_deleted, () => ({ tm_delete: this.#now() }))
  }

  async #change(
    id: string,
    event: (provider: ProviderRecord) => NewEvent,
    changeOf: (before: ProviderRecord) => Omit<Partial<ProviderRecord>, 'metadata'>,
  ): Promise<Provider> {
    const provider = await this.#needs.db.transaction(async (trx) => {
      const change = changeOf((await this.#store.hold(trx, id)) ?? noProvider(id))
      const stamped = { ...change, tm_update: this.#now(), revision: await nextRevision(trx) }
      const changed = (await this.#store.update(trx, id, stamped)) ?? noProvider(id)
      await this.#announce(trx, event(changed))
      return changed
    })
    this.#needs.onChanged?.()
    return presentProvider(provider)
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }

  #announce(trx: AnyTransaction, event: NewEvent): Promise<void> {
    return appendEvents(trx, [event], this.#needs)
  }
}

const UNKNOWN_HEALTH = { health_status: 'unknown', health_checked_at: null, health_streak: 0, tm_probe: null } as const

function registrationOf(isWanted: boolean) {
  return { registration_state: isWanted ? ('registering' as const) : ('off' as const), registration_detail: '' }
}

function noProvider(provider_id: string): never {
  throw provisioningErrors.PROVIDER_NOT_FOUND({ provider_id })
}
