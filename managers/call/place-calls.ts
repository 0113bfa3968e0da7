import type { Spender } from '#managers/billing'
import type { Address } from '#platform/http'
import type { Call, CallMetadata } from './call.ts'
import type { Groupcall } from './groupcall.ts'
import type { Travelled } from './hops.ts'
import type { CallFlow } from './live-call.ts'

/** Calls that are to be made, as the API and flows ask for them. */
export interface PlaceCallsRequest {
  customer_id: string
  source?: Address
  destinations: readonly Address[]
  flow: CallFlow
  anonymous: 'yes' | 'no' | 'auto'
  variables: Record<string, string>
  /** The call that they follow: when it ends, so do they. */
  master_call_id?: string
  /** The flow runs when it rings. */
  early_execution?: boolean
  /** Put on the calls beside what their customer has. */
  metadata?: CallMetadata
  /** Nobody proved who asked for this: no paid destination is dialled, here and in what follows. */
  free_only?: boolean
  /** On whose account they are made, and what follows from them; nobody's in particular unless said. */
  spender?: Spender
  /** How far the call has come whose flow makes them, whether they follow it or not. */
  travelled?: Travelled
  /** Seconds that a callee may ring, and that a call may last, where these are not the usual ones. */
  dial_timeout?: number
  max_duration?: number
}

/** A destination that could not be called, by its position. */
export interface SkippedDestination {
  index: number
  domain: string
  reason: string
  message: string
}

/** What came of it. */
export interface PlacedCalls {
  calls: Call[]
  groupcalls: Groupcall[]
  skipped: SkippedDestination[]
}
