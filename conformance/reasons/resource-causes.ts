import type { Answer } from '#testkit'
import type { Cause, Scene } from './cause.ts'

const UNKNOWN = '5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'
/** A number that the sandbox carrier sells. */
const FOR_SALE = '+999555000001'

const of = (
  domain: string,
  reason: string,
  status: number,
  request: string,
  provoke: (scene: Scene) => Promise<Answer>,
): Cause => ({ domain, reason, status, request, provoke })

const number = (wanted: string) => ({ number: wanted, call_flow_id: '', message_flow_id: '', name: '', detail: '' })

/** Reasons of money, numbers and carriers. */
export const resourceCauses: readonly Cause[] = [
  of('billing-manager', 'INSUFFICIENT_BALANCE', 402, 'POST /v1.0/numbers without credit', async ({ customer }) =>
    (await customer('poor', { verified: true })).key.post('/v1.0/numbers', number(FOR_SALE)),
  ),
  of('billing-manager', 'ACCOUNT_SUSPENDED', 402, 'POST /v1.0/numbers, the account suspended', async (scene) => {
    const { account, key } = await scene.customer('suspended', { verified: true })
    await scene.db.query(`update billing_accounts set status = 'frozen' where id = $1`, [account])
    return key.post('/v1.0/numbers', number(FOR_SALE))
  }),
  of('billing-manager', 'BILLING_ACCOUNT_NOT_FOUND', 404, 'GET /v1.0/billing_accounts/{unknown}', ({ root }) =>
    root.get(`/v1.0/billing_accounts/${UNKNOWN}`),
  ),
  of('billing-manager', 'BILLING_NOT_FOUND', 404, 'GET /v1.0/billings/{unknown}', ({ key }) =>
    key.get(`/v1.0/billings/${UNKNOWN}`),
  ),
  of('number-manager', 'NUMBER_NOT_FOUND', 404, 'GET /v1.0/numbers/{unknown}', ({ key }) =>
    key.get(`/v1.0/numbers/${UNKNOWN}`),
  ),
  of('number-manager', 'IDENTITY_VERIFICATION_REQUIRED', 403, 'POST /v1.0/numbers, not verified', async (scene) =>
    (await scene.customer('stranger')).key.post('/v1.0/numbers', number(FOR_SALE)),
  ),
  of('provisioning-admin', 'PROVIDER_NOT_FOUND', 404, 'GET /v1.0/providers/{unknown}', ({ root }) =>
    root.get(`/v1.0/providers/${UNKNOWN}`),
  ),
  of('provisioning-admin', 'TRUNK_NOT_FOUND', 404, 'GET /v1.0/trunks/{unknown}', ({ key }) =>
    key.get(`/v1.0/trunks/${UNKNOWN}`),
  ),
  of('provisioning-admin', 'ROUTE_NOT_FOUND', 404, 'GET /v1.0/routes/{unknown}', ({ root }) =>
    root.get(`/v1.0/routes/${UNKNOWN}`),
  ),
]
