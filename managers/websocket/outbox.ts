/** How much may wait to be sent. */
export interface OutboxLimits {
  /** Messages of one connection, those the system has not taken yet included. */
  messages: number
  /** Bytes of one connection. */
  bytes: number
  /** Bytes of all connections together; a message for several counts for each of them. */
  totalBytes: number
}

/** What waits, over all connections. */
export interface Backlog {
  bytes: number
}

/** The socket below. */
export interface Wire {
  /** Bytes that it holds itself. */
  readonly bufferedAmount: number
  send(message: Buffer, options: { binary: boolean }, sent: () => void): void
}

/** One message. */
export interface Parcel {
  bytes: Buffer
  /** Of the event, where it is one. */
  sequence?: number
}

/** What the socket itself may hold; the rest waits here, where messages are shared between connections. */
const IN_FLIGHT_BYTES = 65_536

/** The messages of one connection on their way out, in order and bounded. */
export class Outbox {
  readonly #wire: Wire
  readonly #limits: OutboxLimits
  readonly #backlog: Backlog
  #waiting: Parcel[] = []
  #waitingBytes = 0
  #inFlight = 0
  #drained: PromiseWithResolvers<void> | undefined
  #closed = false
  /** The sequence of the last event that was handed to the socket; 0 before the first. */
  sentThrough = 0
  /** Since when the oldest message that the socket holds has not left, on whatever clock `now` is of. */
  stuckSinceMs: number | undefined
  readonly #nowMs: () => number

  constructor(wire: Wire, limits: OutboxLimits, backlog: Backlog, nowMs: () => number) {
    this.#wire = wire
    this.#limits = limits
    this.#backlog = backlog
    this.#nowMs = nowMs
  }

  /** Sends it now or as soon as there is room; false when there is more than may wait, and then it is dropped. */
  push(parcel: Parcel): boolean {
    if (this.#closed) return true
    if (
      this.#waiting.length === 0 &&
      this.#wire.bufferedAmount < IN_FLIGHT_BYTES &&
      this.#inFlight < this.#limits.messages
    ) {
      this.#send(parcel)
      return true
    }
    const { messages, bytes, totalBytes } = this.#limits
    const size = parcel.bytes.length
    if (this.#waiting.length + this.#inFlight >= messages) return false
    if (this.#waitingBytes + size > bytes || this.#backlog.bytes + size > totalBytes) return false
    this.#waiting.push(parcel)
    this.#waitingBytes += size
    this.#backlog.bytes += size
    return true
  }

  /** `undefined` when nothing waits here, else resolves when that is so. */
  drained(): Promise<void> | undefined {
    if (this.#waiting.length === 0) return undefined
    this.#drained ??= Promise.withResolvers<void>()
    return this.#drained.promise
  }

  /** Drops what waits; nothing more is sent. */
  close(): void {
    this.#closed = true
    this.#backlog.bytes -= this.#waitingBytes
    this.#waitingBytes = 0
    this.#waiting = []
    this.#settle()
  }

  #send({ bytes, sequence }: Parcel): void {
    this.#inFlight++
    if (sequence !== undefined) this.sentThrough = sequence
    this.stuckSinceMs ??= this.#nowMs()
    this.#wire.send(bytes, { binary: false }, this.#sent)
  }

  readonly #sent = (): void => {
    this.#inFlight--
    this.stuckSinceMs = this.#inFlight > 0 ? this.#nowMs() : undefined
    while (this.#waiting.length > 0 && this.#wire.bufferedAmount < IN_FLIGHT_BYTES) {
      const parcel = this.#waiting.shift() as Parcel
      this.#waitingBytes -= parcel.bytes.length
      this.#backlog.bytes -= parcel.bytes.length
      this.#send(parcel)
    }
    this.#settle()
  }

  #settle(): void {
    if (this.#waiting.length > 0) return
    this.#drained?.resolve()
    this.#drained = undefined
  }
}
