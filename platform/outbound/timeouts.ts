/** How long each part of a request may take, in milliseconds. */
export interface OutboundTimeouts {
  /** Resolving the name and opening the connection, for each request of a redirect chain. */
  connectMs: number
  tlsMs: number
  /** From the request being written to the last header of the answer. */
  headersMs: number
  /** Everything, redirects and body included. */
  totalMs: number
}

export const DEFAULT_TIMEOUTS: OutboundTimeouts = {
  connectMs: 10_000,
  tlsMs: 10_000,
  headersMs: 15_000,
  totalMs: 30_000,
}
