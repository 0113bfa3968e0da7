import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import { type ProviderRecord, presentProvider } from './provider.ts'
import type { ProviderCall } from './providercall-contract.ts'
import { presentRoute } from './route.ts'
import type { ProviderRoute } from './route-contract.ts'

const aboutProvider =
  (type: string) =>
  (provider: ProviderRecord): NewEvent => ({
    // providers are the platform's own: the customer who is everybody stands for it
    customer_id: ROUTING_CUSTOMER_ID,
    type,
    resource: 'provider',
    resource_id: provider.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: presentProvider(provider),
  })

const aboutRoute =
  (type: string) =>
  (route: ProviderRoute): NewEvent => ({
    customer_id: route.customer_id,
    type,
    resource: 'route',
    resource_id: route.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: presentRoute(route),
  })

const aboutProviderCall =
  (type: string) =>
  (made: ProviderCall): NewEvent => ({
    customer_id: made.customer_id,
    type,
    resource: 'providercall',
    resource_id: made.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: made,
  })

/** What happens to providers, routes and test calls; the platform's own business, so no webhook hears of it. */
export const provisioningEvents = {
  provider_created: aboutProvider('provider_created'),
  provider_updated: aboutProvider('provider_updated'),
  provider_deleted: aboutProvider('provider_deleted'),
  route_created: aboutRoute('route_created'),
  route_updated: aboutRoute('route_updated'),
  route_deleted: aboutRoute('route_deleted'),
  providercall_created: aboutProviderCall('providercall_created'),
  providercall_deleted: aboutProviderCall('providercall_deleted'),
}
