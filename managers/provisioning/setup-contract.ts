import { type Static, Type } from 'typebox'
import { apiErrors, endpoint, superAdminOnly } from '#platform/http'
import { provisioningErrors } from './errors.ts'
import { Provider } from './provider-contract.ts'

export const CARRIERS = ['telnyx'] as const

export const ProviderSetup = Type.Object({
  carrier: Type.Enum(CARRIERS),
  name: Type.String({ minLength: 1, maxLength: 255, examples: ['Telnyx'] }),
  detail: Type.Optional(Type.String({ maxLength: 1024, default: '' })),
  credentials: Type.Object({
    api_key: Type.String({
      minLength: 1,
      maxLength: 1024,
      pattern: '^[\\x21-\\x7e]+$',
      examples: ['KEY0123456789'],
      description: 'Used for the setup and kept nowhere.',
    }),
  }),
})
export type ProviderSetup = Static<typeof ProviderSetup>

export const setUpProvider = endpoint({
  method: 'POST',
  path: '/providers/setup',
  summary: 'Have a carrier set up for us, with a key of your account there, as super admin',
  description: 'Where a step fails, what was made at the carrier before is removed again.',
  allow: superAdminOnly,
  body: ProviderSetup,
  returns: Provider,
  deadlineMs: 60_000, // the carrier is asked several times
  errors: [
    provisioningErrors.CARRIER_CREDENTIALS_REJECTED,
    provisioningErrors.INVALID_CODECS,
    apiErrors.INVALID_ARGUMENT,
    apiErrors.SERVICE_UNAVAILABLE,
  ],
})
