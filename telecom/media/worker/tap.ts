/** Listens in on an endpoint. What it is given is only lent: it copies what it keeps, and takes no time. */
export interface Tap {
  /** Came from the party, decoded, in the order of arrival: before any buffer, whatever becomes of it. */
  incoming(ssrc: number, timestamp: number, samples: Int16Array, count: number): void
  /** Goes to the party, under the timestamp of our one outgoing stream. */
  outgoing(ssrc: number, timestamp: number, samples: Int16Array, count: number): void
}
