/** What a stranger may ask of us. Everything that comes from the network is bounded by one of these. */
export interface Limits {
  /** Bytes of one message; a UDP datagram cannot be longer than 65,535 anyway. */
  readonly messageBytes: number
  /** Header lines of one message, folded lines not counted. */
  readonly headerLines: number
  /** Characters of one header value after unfolding. */
  readonly headerLength: number
  /** Via values of one request; more is a loop. */
  readonly viaHops: number
  /** Values in one comma list that we look at (Contact, Route, Record-Route). */
  readonly listValues: number
  /** Server transactions at once; further requests get a stateless 503, further ACKs and retransmissions still match. */
  readonly serverTransactions: number
  /** Bytes of the requests that server transactions hold (each for 32 s); above it the same 503. */
  readonly serverTransactionBytes: number
  /** Client transactions at once; further requests of our own fail at once. */
  readonly clientTransactions: number
  /** Dialogs at once; a further INVITE gets 503. */
  readonly dialogs: number
}

export const DEFAULT_LIMITS: Limits = {
  messageBytes: 65_535,
  headerLines: 256,
  headerLength: 16_384,
  viaHops: 70,
  listValues: 64,
  serverTransactions: 200_000,
  serverTransactionBytes: 256 * 1024 * 1024,
  clientTransactions: 100_000,
  dialogs: 50_000,
}
