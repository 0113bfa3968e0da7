import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Log } from '#platform/log'
import type { Counters } from '../counters.ts'
import type { ListenerOptions } from '../stack-options.ts'
import { addressesOnly, uriHost } from './addresses.ts'
import { type Flow, type FlowKey, flowKey, type Listener, type RemoteAddress, type SendFailed } from './flow.ts'
import type { SipTap } from './tap.ts'

/** The kernel's buffer holds a burst while the loop is busy with something else. */
const BUFFER_BYTES = 4 * 1024 * 1024

/** One UDP socket on one local address: datagrams in, datagrams out. It never throws and never ends the process. */
export class UdpListener implements Listener {
  readonly transport = 'udp'
  readonly reliable = false
  readonly secure = false
  readonly #options: ListenerOptions
  readonly #log: Log
  readonly #counters: Counters
  readonly #received: (data: Buffer, flow: Flow) => void
  readonly #tap: SipTap | undefined
  #socket: Socket | undefined
  #local: RemoteAddress

  constructor(needs: {
    options: ListenerOptions
    log: Log
    counters: Counters
    received: (data: Buffer, flow: Flow) => void
    tap?: SipTap | undefined
  }) {
    this.#options = needs.options
    this.#log = needs.log
    this.#counters = needs.counters
    this.#received = needs.received
    this.#tap = needs.tap
    this.#local = { address: needs.options.host, port: needs.options.port }
  }

  get local(): RemoteAddress {
    return this.#local
  }

  get wanted(): RemoteAddress {
    return { address: this.#options.host, port: this.#options.port }
  }

  get advertised(): { host: string; port: number } {
    const { advertised } = this.#options
    return {
      host: uriHost(advertised?.host ?? this.#local.address),
      port: advertised?.port ?? this.#local.port,
    }
  }

  get open(): boolean {
    return this.#socket !== undefined
  }

  start(port = this.#options.port): Promise<void> {
    const ipv6 = isIPv6(this.#options.host)
    const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6, lookup: addressesOnly })
    socket.on('message', (data, from) => this.#take(data, { address: from.address, port: from.port }))
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address: this.#options.host, port, exclusive: true }, () => {
        socket.off('error', reject)
        socket.on('error', (error) => {
          this.#counters.transport_errors++
          this.#log.warn({ error, local: this.#local }, 'a SIP socket reported an error')
        })
        for (const set of [
          () => socket.setRecvBufferSize(BUFFER_BYTES),
          () => socket.setSendBufferSize(BUFFER_BYTES),
        ]) {
          try {
            set()
          } catch {
            // the kernel gives what it allows; a smaller buffer is no reason not to start
          }
        }
        const { address, port } = socket.address()
        this.#local = { address, port }
        this.#socket = socket
        resolve()
      })
    })
  }

  async stop(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    if (socket) await new Promise<void>((resolve) => socket.close(() => resolve()))
  }

  flowTo(remote: RemoteAddress): Flow {
    return new UdpFlow(this, remote)
  }

  flowOf(key: FlowKey): Flow {
    return this.flowTo(key.remote)
  }

  send(data: Buffer, remote: RemoteAddress, failed: SendFailed): void {
    const socket = this.#socket
    if (!socket) {
      setImmediate(failed, new Error('the listener is closed'))
      return
    }
    this.#counters.bytes_sent += data.length
    this.#tap?.('out', data, 'udp', this.#local, remote)
    try {
      socket.send(data, remote.port, remote.address, (error) => {
        if (!error) return
        this.#counters.send_errors++
        failed(error)
      })
    } catch (error) {
      // a port of 0, or a text that is no address
      this.#counters.send_errors++
      setImmediate(failed, error instanceof Error ? error : new Error(String(error)))
    }
  }

  #take(data: Buffer, remote: RemoteAddress): void {
    this.#counters.bytes_received += data.length
    if (isKeepAlive(data)) {
      this.#counters.keepalives_received++
      return
    }
    if (remote.port === 0) {
      this.#counters.dropped_unroutable++
      return
    }
    this.#received(data, this.flowTo(remote))
  }
}

/** CRLFs (RFC 5626 §3.5.1, as far as UDP peers use them), and the zero bytes that some phones send instead. */
function isKeepAlive(data: Buffer): boolean {
  if (data.length > 8) return false
  for (const byte of data) if (byte !== 13 && byte !== 10 && byte !== 0) return false
  return true
}

class UdpFlow implements Flow {
  readonly transport = 'udp'
  readonly reliable = false
  readonly secure = false
  readonly listener: UdpListener
  readonly remote: RemoteAddress

  constructor(listener: UdpListener, remote: RemoteAddress) {
    this.listener = listener
    this.remote = remote
  }

  get key(): string {
    return flowKey('udp', this.listener.local, this.remote)
  }

  get alive(): boolean {
    return this.listener.open
  }

  send(data: Buffer, failed: SendFailed): void {
    this.listener.send(data, this.remote, failed)
  }

  respond(data: Buffer, port: number | undefined, failed: SendFailed): void {
    this.listener.send(data, port === undefined ? this.remote : { ...this.remote, port }, failed)
  }

  onBroken(): () => void {
    return () => {}
  }
}
