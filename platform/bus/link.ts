import type { MessagePort } from 'node:worker_threads'
import type { WireError } from './wire-error.ts'

/** What two threads say to each other. */
export type Frame =
  | { type: 'subscribers' | 'responder'; subject: string; present: boolean }
  | { type: 'publish'; subject: string; body: string }
  | { type: 'request'; id: number; subject: string; body: string; deadlineMs: number }
  | { type: 'cancel'; id: number }
  | { type: 'answer'; id: number; body: string }
  | { type: 'failure'; id: number; error: WireError }
  | { type: 'taken'; count: number }

/** Frames that a busy thread may have waiting before pokes to it are dropped and requests refused. */
const MOST_OUTSTANDING = 10_000
const ACKNOWLEDGE_EVERY = 256

/** One end of a port between two threads. It counts what the other side has not taken, because a port has no bound. */
export class Link {
  readonly #port: MessagePort
  readonly #most: number
  #outstanding = 0
  #taken = 0
  #telling = false
  #closed = false
  /** Pokes that were dropped because the other side did not keep up. */
  dropped = 0

  constructor(port: MessagePort, taking: (frame: Frame) => void, closed: () => void, most = MOST_OUTSTANDING) {
    this.#port = port
    this.#most = most
    port.on('message', (frame: Frame) => {
      if (frame.type === 'taken') {
        this.#outstanding -= frame.count
        return
      }
      this.#acknowledge()
      taking(frame)
    })
    port.on('close', () => {
      this.#closed = true
      closed()
    })
  }

  /** Sends, unless too much waits on the other side already. Answers and the like always go: requests bound them. */
  send(frame: Frame): boolean {
    if (this.#closed) return false
    const mayWait = frame.type === 'publish' || frame.type === 'request'
    if (mayWait && this.#outstanding >= this.#most) {
      this.dropped++
      return false
    }
    this.#outstanding++
    this.#port.postMessage(frame)
    return true
  }

  close(): void {
    this.#port.close()
  }

  #acknowledge(): void {
    this.#taken++
    if (this.#taken >= ACKNOWLEDGE_EVERY) this.#tell()
    if (this.#telling || this.#taken === 0) return
    this.#telling = true
    setImmediate(() => {
      this.#telling = false
      if (this.#taken > 0) this.#tell()
    })
  }

  #tell(): void {
    const count = this.#taken
    this.#taken = 0
    if (!this.#closed) this.#port.postMessage({ type: 'taken', count } satisfies Frame)
  }
}
