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
  /** Names that are looked up at once; a further one is not found. */
  readonly lookups: number
  /** Dialogs at once; a further INVITE gets 503. */
  readonly dialogs: number
  /** Bytes of start line and headers of one message over a stream; more closes the connection. */
  readonly streamHeadBytes: number
  /** Connections at once, in both directions; a further one is closed, or not opened. */
  readonly connections: number
  /** Connections at once that one address has opened; our own edges are not counted. */
  readonly connectionsPerSource: number
  /** How long a connection may take to be opened. */
  readonly connectMs: number
  /** How long the first message of a connection may be in coming. */
  readonly firstMessageMs: number
  /** How long a message may take from its first byte to its last. */
  readonly halfMessageMs: number
  /** How long nothing at all may come: longer than a phone may be silent between two registrations. */
  readonly idleMs: number
  /** Bytes that wait for a peer that does not read, or for a connection that is being opened; above it, it is closed. */
  readonly unsentBytes: number
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
  lookups: 200,
  streamHeadBytes: 49_152,
  connections: 10_000,
  connectionsPerSource: 1_000,
  connectMs: 4_000,
  firstMessageMs: 32_000,
  halfMessageMs: 10_000,
  idleMs: 3_900_000,
  unsentBytes: 262_144,
}
