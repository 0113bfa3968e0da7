import type { Socket } from 'node:net'
import type { Clock, Timer } from '#platform/time'
import type { Counters } from '../counters.ts'
import type { Limits } from '../limits.ts'
import type { SipError } from '../message/sip-error.ts'
import type { RemoteAddress, SendFailed } from './flow.ts'
import { type Frame, StreamFramer } from './stream-framer.ts'

/** What a connection needs of its listener. */
export interface ConnectionNeeds {
  readonly clock: Clock
  readonly limits: Limits
  readonly counters: Counters
  /** One message; with `fault` it is the last one, and only an answer that says so may follow. */
  received(data: Buffer, fault?: SipError): void
  /** A message is on its way to the peer. */
  sent(data: Buffer): void
  /** One that we make has been made. */
  opened(): void
  /** The connection is over; nothing comes or goes over it any more. `opened` = it had been open. */
  closed(opened: boolean): void
}

/** How long a peer that was told what is wrong may take to read it. */
const LAST_WORD_MS = 1_000
const KEEPALIVE_PROBE_MS = 60_000
const PONG = Buffer.from('\r\n')

/** One TCP connection: messages in, messages out, and everybody told when it breaks. It never throws. */
export class TcpConnection {
  readonly remote: RemoteAddress
  readonly #socket: Socket
  readonly #needs: ConnectionNeeds
  readonly #framer: StreamFramer
  readonly #broken = new Set<SendFailed>()
  #state: 'opening' | 'open' | 'ending' | 'closed'
  readonly #sinceMs: number
  #heardMs: number
  #heardMessage = false
  #error: Error | undefined
  /** Until it is open: how long that may take. Then: when it was silent for too long. */
  #watch: Timer | undefined
  #half: Timer | undefined

  /** `socket` is open already (it was accepted), or is being opened. */
  constructor(socket: Socket, remote: RemoteAddress, needs: ConnectionNeeds) {
    this.#socket = socket
    this.remote = remote
    this.#needs = needs
    this.#framer = new StreamFramer(needs.limits)
    this.#sinceMs = needs.clock.monotonicMs()
    this.#heardMs = this.#sinceMs
    this.#state = socket.connecting ? 'opening' : 'open'
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEPALIVE_PROBE_MS)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('end', () => socket.destroy())
    socket.on('error', (error) => {
      this.#error ??= error
    })
    socket.on('close', () => this.#close())
    if (this.#state === 'open') this.#watchSilence()
    else {
      socket.once('connect', () => this.#open())
      this.#watch = needs.clock.after(needs.limits.connectMs, () => this.#giveUp('the connection was not made in time'))
    }
  }

  /** Whether messages can be sent over it: it is open, or being opened. */
  get usable(): boolean {
    return (this.#state === 'open' || this.#state === 'opening') && !this.#socket.destroyed
  }

  /** Whether nothing can be sent over it any more, not even an answer. */
  get broken(): boolean {
    return this.#state === 'closed' || this.#socket.destroyed
  }

  /** Sends; what cannot be sent (any more) is told to `failed`, later. */
  send(data: Buffer, failed: SendFailed): void {
    const { counters, limits } = this.#needs
    if (this.broken) {
      setImmediate(failed, this.#failure())
      return
    }
    if (this.#socket.writableLength + data.length > limits.unsentBytes) {
      if (this.#state === 'opening') {
        setImmediate(failed, new Error('too much waits for the connection'))
        return
      }
      this.#giveUp('the peer does not read')
    }
    counters.bytes_sent += data.length
    this.#needs.sent(data)
    this.#socket.write(data, (error) => {
      if (!error) return
      counters.send_errors++
      failed(this.#failure())
    })
  }

  /** Calls `run` once when the connection breaks (at once, but later, where it has); gives the way to stop listening. */
  onBroken(run: SendFailed): () => void {
    if (this.#state === 'closed') {
      const told = setImmediate(() => run(this.#failure()))
      return () => clearImmediate(told)
    }
    // each caller its own entry, even where two hand in the same function
    const mine: SendFailed = (error) => run(error)
    this.#broken.add(mine)
    return () => this.#broken.delete(mine)
  }

  /** Closes it, losing what has not been sent. Resolves when it is closed. */
  async stop(): Promise<void> {
    if (this.#state === 'closed') return
    this.#error ??= new Error('the listener is closed')
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()))
    this.#socket.destroy()
    await closed
  }

  #open(): void {
    this.#state = 'open'
    this.#needs.opened()
    this.#watchSilence()
  }

  #take(chunk: Buffer): void {
    const { counters } = this.#needs
    counters.bytes_received += chunk.length
    if (this.#state !== 'open') return
    this.#heardMs = this.#needs.clock.monotonicMs()
    let pings = 0
    for (const frame of this.#framer.push(chunk)) {
      if (frame.type === 'ping') pings++
      else if (!this.#takeFrame(frame)) return
    }
    if (pings > 0) {
      counters.keepalives_received += pings
      this.send(pings === 1 ? PONG : Buffer.alloc(2 * pings, PONG), () => {})
    }
    this.#watchHalf()
  }

  /** False when the connection ends with this frame. */
  #takeFrame(frame: Frame & { type: 'message' | 'fault' }): boolean {
    this.#stopHalf()
    if (frame.type === 'message') {
      this.#heardMessage = true
      this.#needs.received(frame.data)
      return !this.#socket.destroyed
    }
    this.#needs.counters.stream_faults++
    this.#state = 'ending'
    this.#error = frame.fault
    if (frame.data) this.#needs.received(frame.data, frame.fault)
    else if (frame.fault.issue === 'not sip') this.#needs.counters.dropped_not_sip++
    else this.#needs.counters.dropped_oversized++
    this.#socket.end()
    this.#watch?.cancel()
    this.#watch = this.#needs.clock.after(LAST_WORD_MS, () => this.#socket.destroy())
    return false
  }

  /** A message that has begun must become whole in time, whatever drips in meanwhile. */
  #watchHalf(): void {
    if (!this.#framer.partial) this.#stopHalf()
    else {
      const { clock, limits } = this.#needs
      this.#half ??= clock.after(limits.halfMessageMs, () => this.#giveUp('a message did not become whole in time'))
    }
  }

  #stopHalf(): void {
    this.#half?.cancel()
    this.#half = undefined
  }

  #watchSilence(): void {
    const { clock, limits } = this.#needs
    this.#watch?.cancel()
    const untilMs = this.#heardMessage ? this.#heardMs + limits.idleMs : this.#sinceMs + limits.firstMessageMs
    const leftMs = untilMs - clock.monotonicMs()
    if (leftMs <= 0) this.#giveUp('nothing came for too long')
    else this.#watch = clock.after(leftMs, () => this.#watchSilence())
  }

  #giveUp(why: string): void {
    this.#needs.counters.connections_given_up++
    this.#error ??= new Error(why)
    this.#socket.destroy()
  }

  #close(): void {
    const opened = this.#state !== 'opening'
    this.#state = 'closed'
    this.#watch?.cancel()
    this.#stopHalf()
    this.#needs.closed(opened)
    const error = this.#failure()
    for (const tell of [...this.#broken]) tell(error)
    this.#broken.clear()
  }

  #failure(): Error {
    return this.#error ?? new Error('the connection is closed')
  }
}
