import type { Database } from '#platform/db'
import type { Answer, ApiClient, Platform } from '#testkit'

/** Everybody whom the causes need, on one running platform. */
export interface Scene {
  platform: Platform
  nobody: ApiClient
  /** An admin of the sample customer. */
  admin: ApiClient
  /** The access key of the sample customer. */
  key: ApiClient
  root: ApiClient
  /** Makes a customer of its own that has no credit; `verified` when its identity is. */
  customer(name: string, as?: { verified?: boolean }): Promise<{ id: string; account: string; key: ApiClient }>
  /** The platform's own database, to break what it depends on. */
  db: Database
  /** Does the work while nobody else gets at the tags. */
  whileTagsAreLocked<T>(work: () => Promise<T>): Promise<T>
}

/** How a reason comes about by its documented cause. */
export interface Cause {
  domain: string
  reason: string
  status: number
  /** What is asked, for the list. */
  request: string
  /** Brings the cause about, asks, and gives the answer; of a client that has gone, the reason in the log. */
  provoke(scene: Scene): Promise<Answer | { logged: string }>
}
