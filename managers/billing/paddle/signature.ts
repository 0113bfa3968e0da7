import { createHmac, timingSafeEqual } from 'node:crypto'

/** How far the moment in a signature may be from now. */
const MOST_SKEW_SECONDS = 300
const FORM = /^ts=(\d{1,12});h1=([0-9a-f]{64})$/i

/**
 * Whether Paddle signed these bytes within the last five minutes: `ts=<unix>;h1=<hex>`, HMAC-SHA256 of `<ts>:<bytes>`
 * under the secret of the notification setting.
 */
export function isSigned(bytes: Uint8Array, header: string, secret: string, nowMs: number): boolean {
  const [, ts = '', h1 = ''] = FORM.exec(header) ?? []
  if (h1 === '' || Math.abs(nowMs / 1_000 - Number(ts)) > MOST_SKEW_SECONDS) return false
  return timingSafeEqual(Buffer.from(h1, 'hex'), digest(bytes, ts, secret))
}

/** The header that Paddle would send. */
export function sign(bytes: Uint8Array, secret: string, nowMs: number): string {
  const ts = String(Math.floor(nowMs / 1_000))
  return `ts=${ts};h1=${digest(bytes, ts, secret).toString('hex')}`
}

function digest(bytes: Uint8Array, ts: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(`${ts}:`).update(bytes).digest()
}
