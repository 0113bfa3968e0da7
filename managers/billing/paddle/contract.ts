import { Type } from 'typebox'
import { apiErrors, endpoint } from '#platform/http'
import { billingErrors } from '../errors.ts'

/** Where Paddle sends its notices. */
export const takePaddleNotice = endpoint({
  method: 'POST',
  path: '/billing/paddle',
  summary: 'Take a notice of the payment provider Paddle',
  description:
    'The body is signed: `Paddle-Signature: ts=<unix>;h1=<HMAC-SHA256 of ts:body>`. A repeated notice changes nothing.',
  allow: 'public',
  signature: 'paddle-signature',
  returns: Type.Object({ status: Type.Enum(['ok']) }),
  errors: [
    billingErrors.PAYMENT_SIGNATURE_INVALID,
    billingErrors.PAYMENT_PROVIDER_NOT_CONFIGURED,
    apiErrors.INVALID_JSON_BODY,
    apiErrors.INVALID_ARGUMENT,
  ],
})
