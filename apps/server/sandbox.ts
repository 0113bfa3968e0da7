import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import type { PhoneNumber } from '#managers/number'
import type { ProviderWrite } from '#managers/provisioning'
import { provisioningErrors } from '#managers/provisioning/errors'
import { type Ids, NIL_UUID } from '#platform/ids'
import type { CarrierAddress } from './carrier-thread.ts'
import { hostAndPort } from './host-and-port.ts'
import type { PlatformSettings } from './platform-settings.ts'
import type { Services } from './services.ts'

/** What its numbers count as, and what they begin with. */
const COUNTRY = 'sandbox'
const PREFIX = '+999'
/** Nine digits; those that begin with 0 are the carrier's own. */
const FIRST_FOR_SALE = 100_000_000
const LAST_FOR_SALE = 999_999_999
/** The settings that remember what has been made. */
const PROVIDER = 'sandbox.provider'
const ROUTE = 'sandbox.route'
const GIVEN = 'sandbox.given'

export interface SandboxNeeds {
  settings: PlatformSettings
  services: Pick<Services, 'providers' | 'providerRoutes' | 'numbers' | 'outboundConfigs'>
  ids: Ids
}

/**
 * Makes the sandbox carrier a part of the telephone network, at every start: a provider at its address and a route of
 * everybody's for its numbers, or no such route while it does not run. What is there already is left as it is.
 */
export async function setUpSandbox(needs: SandboxNeeds, carrier: CarrierAddress | undefined): Promise<void> {
  if (carrier) await ensureRoute(needs, await ensureProvider(needs, carrier))
  else await withdrawRoute(needs)
}

async function ensureProvider(
  { settings, services: { providers } }: SandboxNeeds,
  at: CarrierAddress,
): Promise<string> {
  const hostname = hostAndPort(at.address, at.port)
  const id = await settings.get(PROVIDER)
  const found = id === undefined ? undefined : await unlessGone(providers.get(id))
  if (!found) {
    const made = await providers.create(providerAt(hostname, at.address), { is_internal: true })
    await settings.put(PROVIDER, made.id)
    return made.id
  }
  if (found.hostname !== hostname) await providers.update(found.id, { ...found, hostname, addresses: [at.address] })
  return found.id
}

function providerAt(hostname: string, address: string): ProviderWrite {
  return {
    ...{ type: 'sip', name: 'sandbox', detail: 'The sandbox carrier of this machine; it comes and goes with it' },
    ...{ hostname, tech_prefix: '', tech_postfix: '', tech_headers: {} },
    ...{ addresses: [address], assert_identity: true },
  }
}

async function ensureRoute({ settings, services }: SandboxNeeds, provider_id: string): Promise<void> {
  const { providerRoutes } = services
  const id = await settings.get(ROUTE)
  const found = id === undefined ? undefined : await unlessGone(providerRoutes.get(id))
  if (found) return
  const made = await providerRoutes.create({
    ...{ customer_id: ROUTING_CUSTOMER_ID, provider_id, priority: 0, target: PREFIX },
    ...{ name: 'sandbox', detail: 'Numbers of the sandbox carrier' },
  })
  await settings.put(ROUTE, made.id)
}

async function withdrawRoute({ settings, services: { providerRoutes } }: SandboxNeeds): Promise<void> {
  const id = await settings.get(ROUTE)
  if (id !== undefined) await unlessGone(providerRoutes.delete(id))
}

/** `undefined` in place of a provider or route that somebody has deleted. */
async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (provisioningErrors.PROVIDER_NOT_FOUND.is(error) || provisioningErrors.ROUTE_NOT_FOUND.is(error))
      return undefined
    throw error
  }
}

/**
 * Lets a customer call the sandbox, once in the life of a platform: the country, and a number of its own that is shown and that
 * answers by the flow of its first number. Gives the number; `undefined` where that was done at an earlier start.
 */
export async function giveTheSandbox(needs: SandboxNeeds, customer: string): Promise<PhoneNumber | undefined> {
  const { settings, services } = needs
  const config = await services.outboundConfigs.find(customer)
  if (!config || (await settings.get(GIVEN)) !== undefined) return undefined
  const number = await numberOf(needs, customer)
  await services.outboundConfigs.updateOwn(customer, {
    destination_whitelist: [...new Set([...config.destination_whitelist, COUNTRY])],
    ...(config.default_outgoing_source_number_id === NIL_UUID ? { default_outgoing_source_number_id: number.id } : {}),
  })
  await settings.put(GIVEN, customer)
  return number
}

/** That of an earlier start which was cut short, or a new one: registered and not bought, so that it costs nothing, ever. */
async function numberOf({ services: { numbers }, ids }: SandboxNeeds, customer: string): Promise<PhoneNumber> {
  const { result } = await numbers.list(customer, { size: 100 })
  const found = result.find((each) => each.number.startsWith(PREFIX))
  if (found) return found
  return numbers.register(customer, {
    number: `${PREFIX}${FIRST_FOR_SALE + ids.integer(LAST_FOR_SALE - FIRST_FOR_SALE + 1)}`,
    type: 'normal',
    call_flow_id: result.at(-1)?.call_flow_id ?? NIL_UUID,
    message_flow_id: NIL_UUID,
    name: 'Sandbox number',
    detail: 'Made by the first run; the sandbox carrier knows it',
  })
}
