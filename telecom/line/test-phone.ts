import { createSocket, type Socket } from 'node:dgram'
import { systemClock } from '#platform/time'
import { parseMessage, type SipMessage, SipRequest, SipResponse } from '#telecom/sip'

/** How long a test waits for something that must come. */
const PATIENCE_MS = 3_000

/** A phone for tests: a bare UDP socket on 127.0.0.1 that sends text and keeps what it receives. */
export class TestPhone {
  readonly #socket: Socket
  readonly #target: { address: string; port: number }
  readonly #unread: SipMessage[] = []
  /** Methods of the requests that were passed over while something else was waited for last. */
  readonly passedOver: string[] = []

  private constructor(socket: Socket, target: { address: string; port: number }) {
    this.#socket = socket
    this.#target = target
    socket.on('message', (data) => this.#unread.push(parseMessage(data)))
  }

  static async open(target: { address: string; port: number }): Promise<TestPhone> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    return new TestPhone(socket, target)
  }

  get port(): number {
    return this.#socket.address().port
  }

  send(text: string): void {
    this.#socket.send(text, this.#target.port, this.#target.address)
  }

  /** The next request with this method; what came before it is passed over. */
  request(method: string): Promise<SipRequest> {
    return this.#next(method, (one) => (one instanceof SipRequest && one.method === method ? one : undefined))
  }

  /** The next response with this status; what came before it is passed over. */
  response(status: number): Promise<SipResponse> {
    return this.#next(String(status), (one) => (one instanceof SipResponse && one.status === status ? one : undefined))
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }

  async #next<T>(what: string, read: (message: SipMessage) => T | undefined): Promise<T> {
    let found: T | undefined
    this.passedOver.length = 0
    await until(`${what} comes`, () => {
      while (found === undefined && this.#unread.length > 0) {
        const message = this.#unread.shift()
        found = message && read(message)
        if (found === undefined && message instanceof SipRequest) this.passedOver.push(message.method)
      }
      return found !== undefined
    })
    if (found === undefined) throw new Error(`no ${what}`)
    return found
  }
}

/** Waits until something is so; fails after three seconds. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS
  while (!isSo()) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
