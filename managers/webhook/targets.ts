import type { SigningSecrets } from './attempt.ts'

/** Where deliveries go. `uri` empty = nowhere; `method` empty = `POST`. */
export interface WebhookTarget {
  uri: string
  method: string
}

/** A customer's own target, and the secrets that sign everything sent in its name. */
export interface CustomerTarget extends WebhookTarget {
  secrets: SigningSecrets
}

/**
 * Who knows the targets: handed in by the server, because this manager knows neither customers nor flows. Asked anew for
 * every batch of events and every repeat, so a change takes effect with the next event; must not be answered from a cache.
 */
export interface WebhookTargets {
  /** `undefined` = there is no such customer (any more). */
  customer(customer_id: string): Promise<CustomerTarget | undefined>
  /**
   * The target that `POST /activeflows` gave; `undefined` = none. A deleted activeflow's target is still given, because
   * the last events of it may be on their way; after them there are none. It never changes, so the answer is remembered
   * for a minute, `undefined` too: an activeflow is there before anything belongs to it.
   */
  activeflow(customer_id: string, activeflow_id: string): Promise<WebhookTarget | undefined>
}
