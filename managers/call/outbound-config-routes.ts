import { handle, pageRequest, type Route } from '#platform/http'
import {
  createOutboundConfig,
  deleteOutboundConfig,
  getOutboundConfig,
  getOwnOutboundConfig,
  listOutboundConfigs,
  updateOutboundConfig,
  updateOwnOutboundConfig,
} from './outbound-config-contract.ts'
import type { OutboundConfigService } from './outbound-config-service.ts'

/** `/outbound_config` and `/outbound_configs` */
export function outboundConfigRoutes(configs: OutboundConfigService): Route[] {
  return [
    handle(getOwnOutboundConfig, ({ customer }) => configs.getOwn(customer)),
    handle(updateOwnOutboundConfig, ({ customer, body }) => configs.updateOwn(customer, body)),
    handle(listOutboundConfigs, ({ query }) => configs.listAll(pageRequest(query), query.customer_id?.toLowerCase())),
    handle(createOutboundConfig, ({ customer, body: { customer_id, ...wanted } }) =>
      configs.create(customer_id?.toLowerCase() ?? customer, wanted),
    ),
    handle(getOutboundConfig, ({ params }) => configs.get(params.id)),
    handle(updateOutboundConfig, ({ params, body }) => configs.update(params.id, body)),
    handle(deleteOutboundConfig, ({ params }) => configs.delete(params.id)),
  ]
}
