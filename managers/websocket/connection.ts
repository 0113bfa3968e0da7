import type { WebSocket } from '#platform/http'
import type { Clock } from '#platform/time'
import { CloseCode } from './contract.ts'
import type { Listener } from './feed.ts'
import type { Limits } from './limits.ts'
import { type Backlog, Outbox } from './outbox.ts'
import type { OutgoingEvent } from './outgoing-event.ts'

export interface ConnectionNeeds {
  socket: WebSocket
  /** Events carry their numbers. */
  numbered: boolean
  limits: Limits
  backlog: Backlog
  clock: Clock
  /** Until the first ping, in milliseconds. */
  firstPingMs: number
  onText: (text: string) => void
  onDelivered: () => void
  /** Nothing is sent any more; the code is the one that ended it, 1006 where the connection was lost. */
  onEnd: (code: number) => void
}

const PING_EVERY_MS = 10_000
/** A client whose last pong is so long ago is dead. */
const DEAD_AFTER_MS = 60_000
/** What the network has not taken after so long it will not take. */
const WRITE_DEADLINE_MS = 10_000
/** The code that says that there was none (RFC 6455 §7.1.5). */
const LOST = 1006

/** One open WebSocket: keeps it alive, sends in order and within bounds, and ends it with a code that says why. */
export class Connection implements Listener {
  readonly #needs: ConnectionNeeds
  readonly #outbox: Outbox
  #closed = false
  #pongMs: number
  #nextPingMs: number
  #frames = 0

  constructor(needs: ConnectionNeeds) {
    const { socket, limits, backlog, clock, firstPingMs } = needs
    this.#needs = needs
    this.#outbox = new Outbox(socket, limits, backlog, () => clock.monotonicMs())
    this.#pongMs = clock.monotonicMs()
    this.#nextPingMs = this.#pongMs + firstPingMs
    socket.on('message', (data, isBinary) => this.#receive(String(data), isBinary))
    socket.on('ping', () => this.#received())
    socket.on('pong', () => {
      this.#received()
      this.#pongMs = clock.monotonicMs()
    })
    socket.on('error', () => {}) // a frame that breaks the protocol: the library closes with the code for it
    socket.on('close', (code) => this.#end(code))
  }

  get closed(): boolean {
    return this.#closed
  }

  deliver(event: OutgoingEvent): void {
    if (this.#closed) return
    if (!this.#outbox.push({ bytes: event.bytes(this.#needs.numbered), sequence: event.sequence })) this.#overflow()
    else this.#needs.onDelivered()
  }

  drained(): Promise<void> | undefined {
    return this.#outbox.drained()
  }

  /** Says something that is no event. */
  say(text: string): void {
    if (!this.#closed && !this.#outbox.push({ bytes: Buffer.from(text) })) this.#overflow()
  }

  /** Ends it: what waits is dropped, `lastWords` still go out. */
  close(code: CloseCode, reason: string, lastWords?: string): void {
    if (this.#closed) return
    this.#end(code)
    const { socket } = this.#needs
    if (lastWords !== undefined) socket.send(lastWords)
    socket.close(code, reason)
    socket.resume()
  }

  /** Ends it without a word. */
  cut(): void {
    this.#end(LOST)
    this.#needs.socket.terminate()
  }

  /** Looks after it; about once a second. */
  beat(): void {
    if (this.#closed) return
    const { clock, socket } = this.#needs
    const nowMs = clock.monotonicMs()
    const stuckMs = nowMs - (this.#outbox.stuckSinceMs ?? nowMs)
    if (nowMs - this.#pongMs > DEAD_AFTER_MS || stuckMs > WRITE_DEADLINE_MS) {
      this.cut()
      return
    }
    if (nowMs >= this.#nextPingMs) {
      this.#nextPingMs = nowMs + PING_EVERY_MS
      socket.ping()
    }
    this.#frames = 0
    if (socket.isPaused) socket.resume()
  }

  #receive(text: string, isBinary: boolean): void {
    if (this.#closed) return
    if (isBinary) {
      this.close(CloseCode.Binary, 'only text is understood')
      return
    }
    this.#received()
    this.#needs.onText(text)
  }

  /** Whatever the client sends too much of is read later. */
  #received(): void {
    const { limits, socket } = this.#needs
    this.#frames++
    if (this.#frames >= limits.messagesPerSecond) socket.pause()
  }

  /** The client is told what it has got so far, and that there is more. */
  #overflow(): void {
    const { sentThrough } = this.#outbox
    const notice = { type: 'overflow', data: sentThrough > 0 ? { sequence: sentThrough } : {} }
    this.close(CloseCode.Overflow, 'events come faster than they are read', JSON.stringify(notice))
  }

  #end(code: number): void {
    if (this.#closed) return
    this.#closed = true
    this.#outbox.close()
    this.#needs.onEnd(code)
  }
}
