import { handle, mayPass, Permission, type Route } from '#platform/http'
import {
  type credentialEndpoints,
  getCeiling,
  getSpendingLimits,
  ofAccesskey,
  ofAgent,
  ofExtension,
  ofTrunk,
  updateCeiling,
  updateSpendingLimits,
} from './contract.ts'
import type { CredentialKind } from './limits.ts'
import type { SpendingLimits } from './service.ts'

/** A kind of credential, and who knows which of them there are. */
interface CredentialFamily {
  kind: CredentialKind
  /** The credential; throws the reason where the customer has no such one. */
  find(customer: string, id: string): Promise<{ permission?: number }>
}

export interface SpendingRoutesNeeds {
  spending: SpendingLimits
  customers: { get(id: string): Promise<unknown> }
  accesskeys: { get(customer: string, id: string): Promise<object> }
  agents: { get(customer: string, id: string): Promise<{ permission: number }> }
  extensions: { get(customer: string, id: string): Promise<object> }
  /** Nothing is served of trunks where there are none. */
  trunks?: { get(customer: string, id: string): Promise<object> }
}

/** Who may change limits, and make other credentials. */
const MANAGERS = [Permission.CustomerAdmin, Permission.CustomerManager]

/** `/spending_limits`, and those of customers and credentials */
export function spendingRoutes(needs: SpendingRoutesNeeds): Route[] {
  const { spending, customers, accesskeys, agents, extensions, trunks } = needs
  return [
    handle(getSpendingLimits, ({ customer }) => spending.get(customer)),
    handle(updateSpendingLimits, ({ customer, body }) => spending.update(customer, body)),
    handle(getCeiling, async ({ params }) => {
      await customers.get(params.id)
      return spending.ceiling(params.id)
    }),
    handle(updateCeiling, async ({ params, body }) => {
      await customers.get(params.id)
      return spending.updateCeiling(params.id, body)
    }),
    ...credentialSpendingRoutes(spending, ofAccesskey, {
      kind: 'accesskey',
      // each acts as an admin
      find: async (customer, id) => ({ ...(await accesskeys.get(customer, id)), permission: Permission.CustomerAdmin }),
    }),
    ...credentialSpendingRoutes(spending, ofAgent, {
      kind: 'agent',
      find: (customer, id) => agents.get(customer, id),
    }),
    ...credentialSpendingRoutes(spending, ofExtension, {
      kind: 'extension',
      find: (customer, id) => extensions.get(customer, id),
    }),
    ...(trunks
      ? credentialSpendingRoutes(spending, ofTrunk, { kind: 'trunk', find: (customer, id) => trunks.get(customer, id) })
      : []),
  ]
}

/** Those of one kind of credential. */
function credentialSpendingRoutes(
  spending: SpendingLimits,
  { get, update, exposure }: ReturnType<typeof credentialEndpoints>,
  { kind, find }: CredentialFamily,
): Route[] {
  return [
    handle(get, async ({ customer, params }) => {
      await find(customer, params.id)
      return spending.ofCredential(customer, kind, params.id)
    }),
    handle(update, async ({ customer, params, body }) => {
      await find(customer, params.id)
      return spending.updateCredential(customer, kind, params.id, body)
    }),
    handle(exposure, async ({ customer, params }) => {
      const { permission = 0 } = await find(customer, params.id)
      return spending.exposure(customer, { kind, id: params.id, mayManage: mayPass(permission, MANAGERS) })
    }),
  ]
}
