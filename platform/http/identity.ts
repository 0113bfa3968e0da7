import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'

/** Who is behind a request (`platform.md` §3.2). */
export interface Identity {
  kind: 'anonymous' | 'agent' | 'accesskey' | 'direct' | 'delegate'
  customer_id: string
  /** The agent (the issuing one of a delegate token); the nil UUID where there is none. */
  agent_id: string
  /** The access key, of a caller who came with one. */
  accesskey_id?: string
  /** The sum of permission bits. */
  permission: number
  /** What a direct token came by, and the kinds of resource that it may use. */
  direct?: { resource_type: string; resource_id: string; allowed_resource_types: readonly string[] }
  /** When an agent logged in, in milliseconds since 1970. */
  login_ms?: number
  /** There while the customer is frozen: only what is `frozenToo` may be asked (`platform.md` §13). */
  frozen?: { since: Timestamp }
}

/** What a request carries to prove who it is, by the look-up order of `platform.md` §3.1. */
export interface Credentials {
  token?: string
  accesskey?: string
}

/** How far an answer from memory may be trusted. */
export interface AuthenticateOptions {
  /**
   * The request ends a call (an endpoint with `endsCall`): while the database is away, the identity that was last seen
   * behind these credentials is believed for at most 60 s, because ending a call never waits for a disk.
   */
  trustLastKnown?: boolean
  /** What is remembered may be so old, in milliseconds; as old as the authenticator finds right unless said. */
  noOlderThanMs?: number
}

/**
 * Plugged in by the server: finds the identity behind credentials or throws a reason. Who is remembered is given at once,
 * without a promise: most requests come from somebody who has just asked.
 */
export type Authenticate = (credentials: Credentials, options?: AuthenticateOptions) => Promise<Identity> | Identity

/** Nobody in particular: who asks a public endpoint. */
export const anonymous: Identity = { kind: 'anonymous', customer_id: NIL_UUID, agent_id: NIL_UUID, permission: 0 }
