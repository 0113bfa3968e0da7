import type { ProviderWrite } from './provider-contract.ts'

/** What a carrier made for us, and how it is taken back. */
export interface CarrierAccount {
  /** The provider that leads to it. */
  provider: Pick<ProviderWrite, 'hostname'> & Partial<ProviderWrite>
  /** Its objects by name, kept with the provider. */
  metadata: Record<string, string>
  /** Removes its objects again, the last one first; never throws, whatever is left. */
  undo(): Promise<void>
}

/** Sets a carrier up so that it takes our calls and sends us those to our numbers. */
export interface CarrierAdapter {
  /**
   * Makes what it takes at the carrier. Throws `CARRIER_CREDENTIALS_REJECTED`, `INVALID_ARGUMENT` with what the carrier said,
   * or `SERVICE_UNAVAILABLE`; whatever was made until then has been removed.
   */
  setUp(wanted: { api_key: string; name: string }): Promise<CarrierAccount>
}
