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

/** Whether a URI says by itself that it leads to where webhooks are not sent: a private address, a name inside. */
export type PointsInside = (uri: string) => boolean

/**
 * The URI, empty for none; `INVALID_WEBHOOK_URI` when it is no absolute http or https URI with a host, or points inside.
 */
export function webhookUri(text: string, pointsInside: PointsInside = () => false): string {
  if (text === '') return text
  if (!isAbsoluteHttp(text)) refuse('must be an absolute http or https URI with a host')
  if (pointsInside(text)) refuse('must not lead to a private address')
  return text
}

function refuse(issue: string): never {
  throw apiErrors.INVALID_WEBHOOK_URI({ field: 'webhook_uri', issue })
}

/** Asked of the text too, because a parser of URLs forgives a missing `//`. */
function isAbsoluteHttp(text: string): boolean {
  if (text.length > LONGEST_URI || !/^https?:\/\/[^/?#\s]/i.test(text) || /\s/.test(text)) return false
  return URL.canParse(text) && new URL(text).hostname !== ''
}
