import type { AnyTransaction } from '#platform/db'
import type { Timestamp } from '#platform/time'

/** The kinds of resource that can be reached by a direct hash. */
export const DIRECT_RESOURCE_TYPES = [
  'agent',
  'ai',
  'ai_team',
  'conference',
  'extension',
  'flow',
  'queue',
  'webchat_widget',
] as const
export type DirectResourceType = (typeof DIRECT_RESOURCE_TYPES)[number]

/**
 * A direct hash: whoever knows it may call the resource without credentials, as `sip:<hash>@sip.<base>`. One per
 * resource; it never expires and goes with its resource.
 */
export interface Direct {
  id: string
  customer_id: string
  resource_type: DirectResourceType
  resource_id: string
  /** `direct.` and twelve lower-case hex digits. */
  hash: string
  tm_create: Timestamp
  tm_update: Timestamp | null
}

/** What a direct hash belongs to. */
export interface DirectTarget {
  resource_type: DirectResourceType
  resource_id: string
}

/**
 * What the token of a visitor who came by a hash may use (`POST /auth/boot`), by the type of the hash's resource. The
 * others are dialled only.
 */
export const VISITOR_ACCESS: Readonly<Partial<Record<DirectResourceType, readonly string[]>>> = {
  ai: ['aicall'],
  ai_team: ['aicall'],
  webchat_widget: ['webchat_session'],
}

/** What the owners of resources and the call routing ask of direct hashes. */
export interface Directs {
  /** Makes the hash of a new resource, in the transaction that creates the resource. Announces `direct_created`. */
  create(trx: AnyTransaction, customer: string, target: DirectTarget): Promise<Direct>
  /**
   * Replaces the hash (makes one where there is none), in the caller's transaction. The old one is dead at commit.
   * Announces `direct_regenerated`.
   */
  regenerate(trx: AnyTransaction, customer: string, target: DirectTarget): Promise<Direct>
  /** Removes the hash with its resource; nothing happens where there is none. Announces `direct_deleted`. */
  remove(trx: AnyTransaction, customer: string, target: DirectTarget): Promise<void>
  /** Platform-wide: the resource that a dialled `direct.<hash>` reaches. The hash is the credential. */
  findByHash(hash: string): Promise<Direct | undefined>
}

const FORM = /^direct\.[0-9a-f]{12}$/

/** Whether the text has the form of a direct hash. */
export function isDirectHash(text: string): boolean {
  return FORM.test(text)
}
