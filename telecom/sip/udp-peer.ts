import { createSocket, type Socket } from 'node:dgram'
import { systemClock } from '#platform/time'
import { type SipMessage, SipRequest, SipResponse } from './message/message.ts'
import { parseMessage } from './message/parser.ts'

/** How long a test waits for something that must come. */
const PATIENCE_MS = 3_000

/** A SIP peer for tests: a bare UDP socket on 127.0.0.1 that sends text and keeps what it receives. */
export class UdpPeer {
  readonly received: SipMessage[] = []
  readonly #socket: Socket
  readonly #target: { address: string; port: number }
  #looked = 0
  #wake: (() => void)[] = []

  private constructor(socket: Socket, target: { address: string; port: number }) {
    this.#socket = socket
    this.#target = target
    socket.on('message', (data) => {
      this.received.push(parseMessage(data))
      for (const wake of this.#wake.splice(0)) wake()
    })
  }

  /** Opens a peer that talks to `target`. */
  static async open(target: { address: string; port: number }): Promise<UdpPeer> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    return new UdpPeer(socket, target)
  }

  get port(): number {
    return this.#socket.address().port
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }

  send(data: Buffer | string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(data, this.#target.port, this.#target.address, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** The next message that was not looked at yet and that fits. Those before it are passed over. */
  async next(fits: (message: SipMessage) => boolean = () => true): Promise<SipMessage> {
    const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS
    for (;;) {
      while (this.#looked < this.received.length) {
        const message = this.received[this.#looked++]
        if (message && fits(message)) return message
      }
      const leftMs = deadlineMs - systemClock.monotonicMs()
      if (leftMs <= 0) throw new Error('the message that must come did not come')
      await new Promise<void>((resolve) => {
        const timer = systemClock.after(leftMs, resolve)
        this.#wake.push(() => {
          timer.cancel()
          resolve()
        })
      })
    }
  }

  /** The next response with this status. */
  async response(status: number): Promise<SipResponse> {
    const message = await this.next((one) => one instanceof SipResponse && one.status === status)
    if (!(message instanceof SipResponse)) throw new Error('no response')
    return message
  }

  /** The next request with this method. */
  async request(method: string): Promise<SipRequest> {
    const message = await this.next((one) => one instanceof SipRequest && one.method === method)
    if (!(message instanceof SipRequest)) throw new Error('no request')
    return message
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
