/**
 * Requests to addresses that customers named: http and https only, never to a place that only this machine can reach
 * (unless the operator allows its network), bounded in time, redirects and size.
 */
export { AddressGuard } from './address-guard.ts'
export { DownloadFailed, Downloads, type DownloadsNeeds } from './downloads.ts'
export { pointsInside } from './inside.ts'
export { OutboundClient, type OutboundClientOptions } from './outbound-client.ts'
export type {
  OutboundAnswer,
  OutboundFailure,
  OutboundFault,
  OutboundRequest,
  OutboundResult,
} from './outbound-request.ts'
export { NameNotResolved, type ResolveHost, resolveHost } from './resolve-host.ts'
export { shownUrl } from './target.ts'
export { DEFAULT_TIMEOUTS, type OutboundTimeouts } from './timeouts.ts'
