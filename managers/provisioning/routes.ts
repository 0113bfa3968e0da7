import { handle, pageRequest, type Route } from '#platform/http'
import type { Probes } from './probe-command.ts'
import { probeProvider, probeTrunk } from './probe-contract.ts'
import { createProvider, deleteProvider, getProvider, listProviders, updateProvider } from './provider-contract.ts'
import type { ProviderService } from './provider-service.ts'
import { createProviderCall, deleteProviderCall, getProviderCall, listProviderCalls } from './providercall-contract.ts'
import type { ProviderCallService } from './providercall-service.ts'
import { createRoute, deleteRoute, getRoute, listRoutes, updateRoute } from './route-contract.ts'
import type { RouteService } from './route-service.ts'
import { setUpProvider } from './setup-contract.ts'
import type { ProviderSetupService } from './setup-service.ts'

/** `/providers`, `/routes` and `/providercalls`, the super admin's; and `/trunks/{id}/probe`. */
export function provisioningRoutes(needs: {
  providers: ProviderService
  routes: RouteService
  probes: Probes
  providerCalls: ProviderCallService
  providerSetups: ProviderSetupService
}): Route[] {
  const { providers, routes, probes, providerCalls, providerSetups } = needs
  return [
    handle(listProviders, ({ query }) => providers.list(pageRequest(query))),
    handle(createProvider, ({ body }) => providers.create(body)),
    handle(setUpProvider, ({ body }) => providerSetups.setUp(body)),
    handle(getProvider, ({ params }) => providers.get(params.id.toLowerCase())),
    handle(updateProvider, ({ params, body }) => providers.update(params.id.toLowerCase(), body)),
    handle(deleteProvider, ({ params }) => providers.delete(params.id.toLowerCase())),
    handle(probeProvider, ({ params }) => probes.ofProvider(params.id.toLowerCase())),
    handle(probeTrunk, ({ customer, params }) => probes.ofTrunk(customer, params.id)),
    handle(listRoutes, ({ query: { customer_id, ...query } }) =>
      routes.list(pageRequest(query), customer_id === undefined ? {} : { customer_id: customer_id.toLowerCase() }),
    ),
    handle(createRoute, ({ body }) => routes.create(body)),
    handle(getRoute, ({ params }) => routes.get(params.id.toLowerCase())),
    handle(updateRoute, ({ params, body }) => routes.update(params.id.toLowerCase(), body)),
    handle(deleteRoute, ({ params }) => routes.delete(params.id.toLowerCase())),
    handle(listProviderCalls, ({ query: { provider_id, ...query } }) =>
      providerCalls.list(
        pageRequest(query),
        provider_id === undefined ? {} : { provider_id: provider_id.toLowerCase() },
      ),
    ),
    handle(createProviderCall, ({ customer, body }) => providerCalls.create(customer, body)),
    handle(getProviderCall, ({ params }) => providerCalls.get(params.id.toLowerCase())),
    handle(deleteProviderCall, ({ params }) => providerCalls.delete(params.id.toLowerCase())),
  ]
}
