import type { Timestamp } from '#platform/time'

/** What a customer may call in the telephone network (`provisioning.md` §5): one per customer. */
export interface OutboundConfig {
  id: string
  customer_id: string
  name: string
  detail: string
  /** ISO 3166 alpha-2, lower case; with none of them nothing may be called. */
  destination_whitelist: string[]
  codecs: string
  default_outgoing_source_number_id: string
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}
