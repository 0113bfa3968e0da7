import type { Occasion, Spender } from '#managers/billing'
import type { Address } from '#platform/http'
import type { OutgoingLineOptions } from '#telecom/line'
import type { Attempt, AttemptEvent } from './attempt.ts'
import type { CallMetadata } from './call.ts'
import type { CallLimits } from './call-limits.ts'
import type { CallFlow } from './live-call.ts'

/** The call that others follow: they end with it. */
export interface Master {
  readonly id: string
  /** Whether calls may still be chained to it: it is not ending. */
  readonly mayLead: boolean
  /** Its caller asked not to be shown; whoever is called for it with `auto` inherits that. */
  readonly isPrivate?: boolean
  /** This one follows it from now on. */
  lead(follower: Attempt): void
}

/** What the legs of one request have in common. */
export interface Calling {
  customer_id: string
  source: Address
  metadata: CallMetadata
  /** Nobody proved who asked for this: nothing that follows dials a paid destination. */
  free_only: boolean
  /** On whose account paid legs are called. */
  spender: Spender
  /** How they came about, where that decides whether they may cost anything. */
  occasion?: Occasion
  /** What the leg that answers runs; legs without one are joined with their master. */
  flow?: CallFlow
  variables: Readonly<Record<string, string>>
  early_execution: boolean
  master?: Master
  /** The group that a leg belongs to; the nil UUID = none. */
  groupcall_id: string
  maxForwards?: number
  /** How often the call that they are made for has left for a carrier. */
  hops?: number
  codecs?: NonNullable<OutgoingLineOptions['codecs']>
  workerHint?: number
  /** The telephone network is to withhold who calls. */
  anonymous?: boolean
  /** How long its legs may ring and last, where that was asked for. */
  limits?: Partial<Pick<CallLimits, 'dialMs' | 'maxDurationMs'>>
}

/** Somebody who can be called: looked up, with ports and a flow; nothing of it is written or on the wire. */
export interface Ready {
  readonly id: string
  readonly kind: Attempt['kind']
  /** The flow that the leg, or the first of them, will run; the nil UUID = none. */
  readonly flow_id: string
  /** Calls it. `report` hears what comes of it, later; without one its first answer counts by itself. */
  begin(report?: (event: AttemptEvent) => void): Attempt
  /** Lets go of it. */
  discard(): void
}
