import type { CustomerRecord } from '#managers/customer'
import type { Identity } from '#platform/http'

/** What an identity says of a customer that is frozen. */
export function freezeOf({ status, tm_deletion_scheduled, tm_create }: CustomerRecord): Pick<Identity, 'frozen'> {
  return status === 'frozen' ? { frozen: { since: tm_deletion_scheduled ?? tm_create } } : {}
}
