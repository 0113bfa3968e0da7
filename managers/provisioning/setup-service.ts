import type { CarrierAdapter } from './carrier-adapter.ts'
import type { Provider } from './provider-contract.ts'
import type { ProviderService } from './provider-service.ts'
import type { CARRIERS, ProviderSetup } from './setup-contract.ts'

/** Makes a provider together with what it takes at the carrier: both, or neither. */
export class ProviderSetupService {
  readonly #adapters: Readonly<Record<(typeof CARRIERS)[number], CarrierAdapter>>
  readonly #providers: ProviderService

  constructor(needs: { adapters: Record<(typeof CARRIERS)[number], CarrierAdapter>; providers: ProviderService }) {
    this.#adapters = needs.adapters
    this.#providers = needs.providers
  }

  /** Throws what the adapter throws: see `CarrierAdapter`. */
  async setUp({ carrier, name, detail = '', credentials: { api_key } }: ProviderSetup): Promise<Provider> {
    const account = await this.#adapters[carrier].setUp({ api_key, name })
    const body = { type: 'sip' as const, name, detail, tech_prefix: '', tech_postfix: '', tech_headers: {} }
    try {
      return await this.#providers.create({ ...body, ...account.provider }, { metadata: account.metadata })
    } catch (error) {
      await account.undo()
      throw error
    }
  }
}
