import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { OutboundConfig } from './outbound-config.ts'

const about =
  (type: string) =>
  (config: OutboundConfig): NewEvent => ({
    customer_id: config.customer_id,
    type,
    resource: 'outbound_config',
    resource_id: config.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: config,
  })

/** Who may be called is money: each change is on record, inside the platform. */
export const outboundConfigEvents = {
  outbound_config_created: about('outbound_config_created'),
  outbound_config_updated: about('outbound_config_updated'),
  outbound_config_deleted: about('outbound_config_deleted'),
}
