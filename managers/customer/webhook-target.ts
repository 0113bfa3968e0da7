import { apiErrors } from '#platform/http'
import { WEBHOOK_METHODS } from './contract.ts'
import type { WebhookMethod } from './customer.ts'

/** Longer URIs are refused: they come back with every customer that is read. */
const LONGEST_URI = 2048

/** The method as it is stored; `INVALID_WEBHOOK_METHOD` when it is none. */
export function webhookMethod(text: string): WebhookMethod {
  const method = WEBHOOK_METHODS.find((known) => known === text)
  if (method !== undefined) return method
  throw apiErrors.INVALID_WEBHOOK_METHOD({
    field: 'webhook_method',
    issue: 'must be POST, GET, PUT, DELETE or empty',
  })
}

/** The URI, empty for none; `INVALID_WEBHOOK_URI` when it is no absolute http or https URI with a host. */
export function webhookUri(text: string): string {
  if (text === '' || isAbsoluteHttp(text)) return text
  throw apiErrors.INVALID_WEBHOOK_URI({
    field: 'webhook_uri',
    issue: 'must be an absolute http or https URI with a host',
  })
}

/** Asked of the text too, because a parser of URLs forgives a missing `//`. */
function isAbsoluteHttp(text: string): boolean {
  if (text.length > LONGEST_URI || !/^https?:\/\/[^/?#\s]/i.test(text) || /\s/.test(text)) return false
  return URL.canParse(text) && new URL(text).hostname !== ''
}
