import type { Timestamp } from '#platform/time'
import type { Provider } from './provider-contract.ts'

/** A provider as it is stored: what the wire shows, and what nobody is shown. */
export interface ProviderRecord extends Omit<Provider, 'has_password'> {
  /** See `SecretBox`; empty where there is none. */
  sealed_password: string
  /** It is part of the platform (the sandbox carrier), and may be reached although its address is private. */
  is_internal: boolean
  /** Probes in a row that were answered (above 0) or not (below). */
  health_streak: number
  /** When a node took the last probe upon itself. */
  tm_probe: Timestamp | null
  /** Of its last change, also of health and registration. */
  revision: number
}

/** What changes with each PUT. */
export type ProviderFields = Omit<
  ProviderRecord,
  | ('id' | 'metadata' | 'is_internal' | 'revision' | 'registration_state' | 'registration_detail')
  | ('health_status' | 'health_checked_at' | 'health_streak' | 'tm_probe' | 'tm_create' | 'tm_update' | 'tm_delete')
>

/** As the wire shows it. */
export function presentProvider(record: ProviderRecord): Provider {
  const { sealed_password, is_internal: _, revision: __, health_streak: ___, tm_probe: ____, ...shown } = record
  return { ...shown, has_password: sealed_password !== '' }
}
