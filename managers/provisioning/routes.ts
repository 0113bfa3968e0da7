import { handle, pageRequest, type Route } from '#platform/http'
import { createProvider, deleteProvider, getProvider, listProviders, updateProvider } from './provider-contract.ts'
import type { ProviderService } from './provider-service.ts'
import { createRoute, deleteRoute, getRoute, listRoutes, updateRoute } from './route-contract.ts'
import type { RouteService } from './route-service.ts'

/** `/providers` and `/routes`, the super admin's. */
export function provisioningRoutes({
  providers,
  routes,
}: {
  providers: ProviderService
  routes: RouteService
}): Route[] {
  return [
    handle(listProviders, ({ query }) => providers.list(pageRequest(query))),
    handle(createProvider, ({ body }) => providers.create(body)),
    handle(getProvider, ({ params }) => providers.get(params.id.toLowerCase())),
    handle(updateProvider, ({ params, body }) => providers.update(params.id.toLowerCase(), body)),
    handle(deleteProvider, ({ params }) => providers.delete(params.id.toLowerCase())),
    handle(listRoutes, ({ query: { customer_id, ...query } }) =>
      routes.list(pageRequest(query), customer_id === undefined ? {} : { customer_id: customer_id.toLowerCase() }),
    ),
    handle(createRoute, ({ body }) => routes.create(body)),
    handle(getRoute, ({ params }) => routes.get(params.id.toLowerCase())),
    handle(updateRoute, ({ params, body }) => routes.update(params.id.toLowerCase(), body)),
    handle(deleteRoute, ({ params }) => routes.delete(params.id.toLowerCase())),
  ]
}
