import type { Address } from '#platform/http'
import type { OutgoingLineOptions } from '#telecom/line'
import type { GroupRingMethod } from './groupcall.ts'

/** A way that leads to a callee. */
export type Way = Pick<OutgoingLineOptions, 'uri' | 'to' | 'via' | 'route'>

/** One leg that can be dialled: its ways are tried one after the other, as long as nothing answers. */
export interface LegPlan {
  kind: 'call'
  destination: Address
  /** The agent whom it reaches; the nil UUID = nobody's. */
  owner_id: string
  ways: readonly [Way, ...Way[]]
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
