import { createHmac, timingSafeEqual } from 'node:crypto'

/** `X-VoIPBIN-Signature` of a body: lower-case hex HMAC-SHA256 with the customer's secret; none without a secret. */
export function signature(body: string | Uint8Array, secret: string): string | undefined {
  if (secret === '') return undefined
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** Whether a signature is the one of this body, as a receiver checks it. */
export function isSignedBy(body: string | Uint8Array, secret: string, given: string): boolean {
  const expected = Buffer.from(signature(body, secret) ?? '')
  const found = Buffer.from(given)
  return expected.length === found.length && timingSafeEqual(expected, found)
}
