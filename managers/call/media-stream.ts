import type { WebSocket } from '#platform/http'
import type { Clock, Timer } from '#platform/time'
import { AudioSocketKind } from '#telecom/media'
import type { StreamConnection } from './stream-connection.ts'
import type { Encapsulation } from './stream-encapsulation.ts'

/** A second of frames that wait for a client which reads slowly. */
const MOST_WAITING = 50
/** What the network may hold of them. */
const MOST_BUFFERED_BYTES = 16_384
const PING_EVERY_MS = 20_000
const DEAD_AFTER_MS = 60_000

/** Why the server closes (RFC 6455 §7.4.1). */
export const StreamCloseCode = { ended: 1000, goingAway: 1001, badData: 1008, credentials: 1008, fault: 1011 } as const

export interface MediaStreamNeeds {
  socket: WebSocket
  connection: StreamConnection
  encapsulation: Encapsulation
  clock: Clock
  /** It is over, with the frames that the client was too slow for. */
  onEnd: (dropped: number) => void
}

/**
 * One client that hears a call and speaks into it. A client that reads too slowly loses the oldest frames; one that sends
 * too fast is read more slowly. It ends with the call (1000), when it goes or is dead, and when what it sends is broken (1008).
 */
export class MediaStream {
  readonly #needs: MediaStreamNeeds
  readonly #waiting: Buffer[] = []
  #dropped = 0
  #over = false
  #pongMs: number
  #ping: Timer | undefined

  constructor(needs: MediaStreamNeeds) {
    this.#needs = needs
    const { socket, connection, clock } = needs
    this.#pongMs = clock.monotonicMs()
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#say(data as Buffer) // of the library's default form
    })
    socket.on('pong', () => {
      this.#pongMs = clock.monotonicMs()
    })
    socket.on('error', () => {}) // the library closes with the code for it
    socket.on('close', () => this.#end())
    connection.onMessage = (kind, payload) => {
      if (kind === AudioSocketKind.audio) this.#hear(payload)
    }
    connection.onRoom = () => socket.resume()
    connection.onEnd = (saidSo) => this.#callEnded(saidSo)
    if (connection.ended) this.#callEnded(connection.ended.saidSo)
    else this.#watch()
  }

  /** Ends it from the server's side. */
  close(code: number, reason: string): void {
    if (this.#over) return
    this.#needs.socket.close(code, reason)
    this.#needs.socket.resume() // else its answer is never read
    this.#end()
  }

  #hear(sound: Buffer): void {
    if (this.#over) return
    this.#waiting.push(this.#needs.encapsulation.pack(Buffer.from(sound)))
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift()
      this.#dropped++
    }
    this.#pump()
  }

  /** Once the network has taken a frame it takes the next. */
  #pump = (): void => {
    const { socket } = this.#needs
    while (!this.#over && this.#waiting.length > 0 && socket.bufferedAmount < MOST_BUFFERED_BYTES) {
      const frame = this.#waiting.shift()
      if (frame) socket.send(frame, this.#pump)
    }
  }

  #say(message: Buffer): void {
    if (this.#over) return
    const { encapsulation, connection, socket } = this.#needs
    const said = encapsulation.unpack(message)
    if (said === 'broken') this.close(StreamCloseCode.badData, 'a message cannot be read')
    else if (said === 'end') this.close(StreamCloseCode.ended, '')
    else if (said !== 'nothing' && !connection.say(said.sound)) socket.pause()
  }

  #callEnded(saidSo: boolean): void {
    if (this.#over) return
    const { encapsulation, socket } = this.#needs
    if (!saidSo) {
      this.close(StreamCloseCode.fault, 'the sound of the call is lost')
      return
    }
    if (encapsulation.farewell) socket.send(encapsulation.farewell)
    this.close(StreamCloseCode.ended, 'the call has ended')
  }

  #watch(): void {
    const { clock, socket } = this.#needs
    this.#ping = clock.after(PING_EVERY_MS, () => {
      if (clock.monotonicMs() - this.#pongMs > DEAD_AFTER_MS) socket.terminate()
      else socket.ping()
      if (!this.#over) this.#watch()
    })
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#ping?.cancel()
    this.#needs.connection.close()
    this.#needs.onEnd(this.#dropped)
  }
}
