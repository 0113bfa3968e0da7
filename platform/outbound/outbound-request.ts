/** A request to an address that a customer named. */
export interface OutboundRequest {
  /** Absolute, http or https. A user and password in it become Basic authorization for that origin only. */
  url: string
  method: string
  headers?: Readonly<Record<string, string>>
  body?: string | Uint8Array
  /**
   * Bytes of the answer's body that are kept (64 KiB); at one more the connection is cut. `0` = the status is enough: the
   * result does not wait for the body.
   */
  maxBodyBytes?: number
  /**
   * Of an answer that is no success (from status 300 on) only the beginning of the body is read: so many bytes, as far as
   * they come within a second. A body that drips, floods or breaks off then spoils nothing.
   */
  refusalBytes?: number
  /** A body beyond the bound: keep its beginning and say `truncated` (`cut`, the default), or fail with `too_large`. */
  whenTooLarge?: 'cut' | 'fail'
  /** Milliseconds for everything, redirects included, where that is less than the client's own limit. */
  timeoutMs?: number
  signal?: AbortSignal
}

/** Why there is no answer. */
export type OutboundFailure =
  /** Not an absolute http or https URL. */
  | 'invalid_url'
  /** The address, or that of a redirect, is one that customers may not reach. */
  | 'blocked'
  /** The name has no address, or nobody could say. */
  | 'dns'
  /** No connection, or refused. */
  | 'connect'
  /** No acceptable TLS: version, certificate or name. */
  | 'tls'
  /** A time limit passed; `detail` says which: `connect`, `tls`, `headers` or `total`. */
  | 'timeout'
  /** More than three requests in the chain, or a redirect that leads nowhere. */
  | 'redirects'
  /** The body was larger than wanted and `whenTooLarge` is `fail`. */
  | 'too_large'
  /** The other side speaks something that is not HTTP, or floods with headers or interim answers. */
  | 'protocol'
  /** The connection broke before the answer was whole. */
  | 'closed'
  /** The caller's signal. */
  | 'aborted'

/** The final answer, whatever its status. */
export interface OutboundAnswer {
  ok: true
  status: number
  /** Names in lower case; several of one name are joined by `, `. */
  headers: Readonly<Record<string, string>>
  body: Buffer
  /** Whether there was more body than `maxBodyBytes`. */
  truncated: boolean
  /** Where the answer came from, after redirects, without user and password. */
  url: string
  durationMs: number
}

export interface OutboundFault {
  ok: false
  failure: OutboundFailure
  /** More about it, for logs and delivery records; no secrets. */
  detail: string
  durationMs: number
}

export type OutboundResult = OutboundAnswer | OutboundFault
