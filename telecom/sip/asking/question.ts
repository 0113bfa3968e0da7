import type { Credentials } from '../digest/client.ts'
import type { HeaderInput, Headers } from '../message/headers.ts'
import type { Parameters } from '../message/parameters.ts'
import type { SipBody } from '../transaction-user.ts'
import type { RemoteAddress } from '../transport/flow.ts'
import type { Destination, ResolveIssue } from '../transport/resolve.ts'

/** A request outside of any dialog whose final answer is wanted: OPTIONS, REGISTER, MESSAGE … */
export interface Question {
  readonly method: string
  /** Request-URI. */
  readonly uri: string
  /** Where it goes, the first to be tried first, in place of where the URI leads. */
  readonly via?: readonly Destination[]
  /** name-addr or addr-spec, without tag. Defaults to our Contact. */
  readonly from?: string
  /** Defaults to the Request-URI. */
  readonly to?: string
  /** Preset Route values, in their order. */
  readonly route?: readonly string[]
  readonly headers?: HeaderInput
  readonly body?: SipBody
  /** The user part of our Contact in place of node and incarnation, and the parameters behind it. */
  readonly contact?: { readonly user: string; readonly parameters?: Parameters }
  /** Answers the challenges of whom we ask, for this realm alone. */
  readonly credentials?: Credentials
  /** In all, over all destinations. Default 10,000. */
  readonly timeoutMs?: number
  /** A fresh one where it is left out. */
  readonly callId?: string
  /** Numbers each request that is sent for it; from 1 on where it is left out. */
  readonly nextCSeq?: () => number
}

/**
 * What came of a question. `no_answer`: at least one destination was sent it, and none answered in time. `unreachable`: no
 * destination could be sent it. `unresolvable`: the URI leads nowhere (`issue`). `refused_address`: everything that it leads
 * to is an address that requests of ours may not go to. `overloaded`: so many are under way that it was not asked.
 */
export type Reply =
  | {
      readonly outcome: 'answered'
      /** The final status, 503 included where every destination said so. */
      readonly status: number
      readonly reason_phrase: string
      readonly headers: Headers
      readonly body: Buffer
      readonly remote: RemoteAddress
      readonly transport: Destination['transport']
    }
  | { readonly outcome: 'no_answer'; readonly tried: readonly Destination[] }
  | { readonly outcome: 'unreachable'; readonly tried: readonly Destination[]; readonly error: string }
  | { readonly outcome: 'unresolvable'; readonly issue: Exclude<ResolveIssue, 'refused_address'> }
  | { readonly outcome: 'refused_address' }
  | { readonly outcome: 'overloaded' }
