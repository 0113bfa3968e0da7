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
  /** Which node registers there, and when it last said so. */
  registration_node: string
  tm_registration: Timestamp | null
  /** Of its last change, also of health and registration. */
  revision: number
}

/** What changes with each PUT. */
export type ProviderFields = Omit<
  ProviderRecord,
  | ('id' | 'metadata' | 'is_internal' | 'revision' | 'registration_state' | 'registration_detail')
  | (
      | 'health_status'
      | 'health_checked_at'
      | 'health_streak'
      | 'tm_probe'
      | 'registration_node'
      | 'tm_registration'
      | 'tm_create'
      | 'tm_update'
      | 'tm_delete'
    )
>

/** As the wire shows it: nothing of what is stored beside. */
export function presentProvider(record: ProviderRecord): Provider {
  const { sealed_password, is_internal: _, revision: _r, health_streak: _h, tm_probe: _p, ...rest } = record
  const { registration_node: _n, tm_registration: _t, ...shown } = rest
  return { ...shown, has_password: sealed_password !== '' }
}
