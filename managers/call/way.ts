import type { Carrier } from '#managers/provisioning'
import type { Address } from '#platform/http'
import type { OutgoingLineOptions } from '#telecom/line'
import type { GroupRingMethod } from './groupcall.ts'

/** The route that a way takes. */
export interface WayCarrier {
  route_id: string
  provider_id: string
  /** Causes (Q.850) after which the next route is tried; `null`: the usual ones. */
  failover_causes: readonly number[] | null
}

/** A way that leads to a callee. */
export type Way = Pick<OutgoingLineOptions, 'uri' | 'to' | 'via' | 'route' | 'headers' | 'codecs' | 'credentials'> & {
  /** Absent where it leads to a phone or a SIP address. */
  carrier?: WayCarrier
  /** How the carrier wants numbers and names written. */
  writes?: Pick<Carrier, 'number_format' | 'country' | 'assert_identity'>
}

/** One leg that can be dialled: its ways are tried one after the other, as far as `Dialling` goes on. */
export interface LegPlan {
  kind: 'call'
  destination: Address
  /** The agent whom it reaches; the nil UUID = nobody's. */
  owner_id: string
  ways: readonly [Way, ...Way[]]
  /** Who is shown to call, where that is not who was asked for. */
  source?: Address
  /** An agent is reached by it at a telephone number of the agent's own. */
  isForwarded?: true
}

/** Several who can be called, and how. */
export interface GroupPlan {
  kind: 'groupcall'
  /** What was asked for: one who has several phones, or several. */
  destinations: readonly Address[]
  owner_id: string
  ring_method: GroupRingMethod
  /** Looked up one by one, each when it is its turn. Throws the reason why one cannot be called. */
  members: readonly (() => Promise<Plan>)[]
}

export type Plan = LegPlan | GroupPlan
