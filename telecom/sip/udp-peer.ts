import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { parseMessage } from './message/parser.ts'
import { SipPeer } from './sip-peer.ts'

export { until } from './sip-peer.ts'

/** A SIP peer for tests: a bare UDP socket on a loopback address that sends text and keeps what it receives. */
export class UdpPeer extends SipPeer {
  readonly #socket: Socket
  readonly #target: { address: string; port: number }

  private constructor(socket: Socket, target: { address: string; port: number }) {
    super()
    this.#socket = socket
    this.#target = target
    socket.on('message', (data) => this.keep(parseMessage(data)))
  }

  /** Opens a peer that talks to `target`. */
  static async open(target: { address: string; port: number }, on = '127.0.0.1', port = 0): Promise<UdpPeer> {
    const socket = createSocket(isIPv6(on) ? 'udp6' : 'udp4')
    await new Promise<void>((resolve) => socket.bind(port, on, resolve))
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
}
