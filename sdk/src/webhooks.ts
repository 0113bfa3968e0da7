/** Checks that a webhook is the platform's own: Standard Webhooks signatures, and `X-VoIPBIN-Signature`. */

/** An event as it is delivered. */
export interface WebhookEvent {
  /** Such as `call_hangup`. */
  type: string
  /** The resource as it was at that moment. */
  data: Record<string, unknown>
  /** The same for every delivery of the event: keep it to take each event once. `undefined` where no header has it. */
  id: string | undefined
}

/** Why a webhook is not taken. Answer it with 401, and do nothing of what it says. */
export class WebhookError extends Error {
  readonly problem: 'missing_signature' | 'wrong_signature' | 'stale' | 'not_an_event'

  constructor(problem: WebhookError['problem'], message: string) {
    super(message)
    this.name = 'WebhookError'
    this.problem = problem
  }
}

/** Headers as Node.js, `fetch` and most frameworks have them. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>

export interface VerifyOptions {
  /** How far `webhook-timestamp` may be from now; 5 min by default. */
  toleranceSeconds?: number
  /** Takes no webhook without the Standard Webhooks headers, so that an old one cannot be sent again. */
  standardOnly?: boolean
  /** Milliseconds since 1970, in place of the clock: for tests. */
  now?: () => number
}

const TOLERANCE_SECONDS = 300
const SIGNATURES_AT_MOST = 10

/**
 * The event of a webhook, once its signature is right; throws `WebhookError` otherwise. `body` are the bytes as they came,
 * not parsed and written again. While a secret is changed, give both.
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<WebhookEvent> {
  await verifySignature(body, headers, secret, options)
  const value = readEvent(typeof body === 'string' ? body : new TextDecoder().decode(body))
  return { ...value, id: headerOf(headers, 'webhook-id') ?? headerOf(headers, 'x-voipbin-event-id') }
}

/** The same for a request whose body is not an event: what the flow action `webhook_send` sends. */
export async function verifySignature(
  body: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<void> {
  const secrets = typeof secret === 'string' ? [secret] : secret
  if (secrets.length === 0 || secrets.some((each) => each === '')) throw new TypeError('there is no secret')
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body)
  const standard = headerOf(headers, 'webhook-signature')
  const legacy = headerOf(headers, 'x-voipbin-signature')
  // whoever sends both cannot fall back to the weaker one
  if (standard !== undefined) return checkStandard(bytes, headers, standard, secrets, options)
  if (legacy === undefined || options.standardOnly)
    throw new WebhookError('missing_signature', 'the webhook has no signature')
  const [, hex = ''] = /^sha256=([0-9a-f]{64})$/.exec(legacy) ?? []
  if (!(await isSigned(bytes, [fromHex(hex)], secrets.map(plainKey))))
    throw new WebhookError('wrong_signature', 'the signature is not of this body and secret')
}

async function checkStandard(
  bytes: Uint8Array,
  headers: WebhookHeaders,
  header: string,
  secrets: readonly string[],
  options: VerifyOptions,
): Promise<void> {
  const { toleranceSeconds = TOLERANCE_SECONDS, now = Date.now } = options
  const id = headerOf(headers, 'webhook-id') ?? ''
  const at = headerOf(headers, 'webhook-timestamp') ?? ''
  const signatures = header
    .split(' ')
    .filter((each) => each.startsWith('v1,'))
    .slice(0, SIGNATURES_AT_MOST)
  if (id === '' || !/^\d{1,12}$/.test(at) || signatures.length === 0)
    throw new WebhookError('missing_signature', 'the webhook has no id, no timestamp or no signature of version 1')
  const content = concat(new TextEncoder().encode(`${id}.${at}.`), bytes)
  const found = signatures.map((each) => fromBase64(each.slice('v1,'.length)))
  if (!(await isSigned(content, found, secrets.map(standardKey))))
    throw new WebhookError('wrong_signature', 'the signature is not of this body and secret')
  if (Math.abs(now() / 1_000 - Number(at)) > toleranceSeconds)
    throw new WebhookError('stale', `the webhook was signed at ${at}, which is too far from now`)
}

/** Whether any signature is of any key. WebCrypto compares in constant time. */
async function isSigned(
  content: Uint8Array<ArrayBuffer>,
  signatures: readonly Uint8Array<ArrayBuffer>[],
  keys: readonly Uint8Array<ArrayBuffer>[],
): Promise<boolean> {
  for (const bytes of keys) {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['verify'])
    for (const signature of signatures) if (await crypto.subtle.verify('HMAC', key, signature, content)) return true
  }
  return false
}

const plainKey = (secret: string) => new TextEncoder().encode(secret)

/** `whsec_…` is base64, as Standard Webhooks has it; any other secret is its own bytes. */
function standardKey(secret: string): Uint8Array<ArrayBuffer> {
  if (!secret.startsWith('whsec_')) return plainKey(secret)
  const key = fromBase64(secret.slice('whsec_'.length))
  if (key.length === 0) throw new TypeError('a secret that begins with whsec_ goes on in base64')
  return key
}

function readEvent(text: string): Pick<WebhookEvent, 'type' | 'data'> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value) && typeof value.type === 'string' && isObject(value.data))
      return { type: value.type, data: value.data }
  } catch {
    // said below
  }
  throw new WebhookError('not_an_event', 'the body is not an event')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined
  const key = Object.keys(headers).find((each) => each.toLowerCase() === name)
  const value = key === undefined ? undefined : headers[key]
  return typeof value === 'string' ? value : value?.[0]
}

/** `Headers` of any make: frameworks bring their own. */
function hasGet(headers: WebhookHeaders): headers is Headers {
  return typeof headers.get === 'function'
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** Empty, which no signature is, where it is no base64. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return new Uint8Array(0)
  }
}
