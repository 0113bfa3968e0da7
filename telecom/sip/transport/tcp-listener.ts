import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Counters } from '../counters.ts'
import type { Identity } from '../identity.ts'
import type { Limits } from '../limits.ts'
import type { SipError } from '../message/sip-error.ts'
import type { ListenerOptions } from '../stack-options.ts'
import { addressesOnly, uriHost } from './addresses.ts'
import type { Flow, FlowKey, Listener, RemoteAddress } from './flow.ts'
import type { SipTap } from './tap.ts'
import { TcpConnection } from './tcp-connection.ts'
import { ConnectionFlow, TargetFlow, type TcpPaths } from './tcp-flows.ts'

export interface TcpListenerNeeds {
  readonly options: ListenerOptions
  readonly clock: Clock
  /** Names the connections, so that whose they were is known in a later life. */
  readonly identity: Identity
  readonly log: Log
  readonly limits: Limits
  readonly counters: Counters
  /** Whether an address is one of our own edges, whose connections are not counted by source. */
  isEdge(address: string): boolean
  /** A message; with `fault` it is the last one of its connection, to be answered so if it can be. */
  received(data: Buffer, flow: Flow, fault?: SipError): void
  /** A connection that had been open has broken or was closed; not told of those that end with the listener. */
  closed(flow: Flow): void
  readonly tap?: SipTap | undefined
}

/**
 * TCP on one local address (RFC 3261 §18): the connections that peers make to us and those that we make. Requests are
 * answered on the connection that they came by; to an address goes whichever connection leads there.
 */
export class TcpListener implements Listener, TcpPaths {
  readonly transport = 'tcp'
  readonly reliable = true
  readonly secure = false
  readonly #needs: TcpListenerNeeds
  readonly #connections = new Map<string, TcpConnection>()
  /** By address and port of the peer: the latest connection that can be used. */
  readonly #byRemote = new Map<string, TcpConnection>()
  readonly #perSource = new Map<string, number>()
  #server: Server | undefined
  #local: RemoteAddress

  constructor(needs: TcpListenerNeeds) {
    this.#needs = needs
    this.#local = { address: needs.options.host, port: needs.options.port }
  }

  get local(): RemoteAddress {
    return this.#local
  }

  get wanted(): RemoteAddress {
    return { address: this.#needs.options.host, port: this.#needs.options.port }
  }

  get advertised(): { host: string; port: number } {
    const { advertised } = this.#needs.options
    return { host: uriHost(advertised?.host ?? this.#local.address), port: advertised?.port ?? this.#local.port }
  }

  get open(): boolean {
    return this.#server !== undefined
  }

  start(port = this.#needs.options.port): Promise<void> {
    const { host } = this.#needs.options
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, ipv6Only: isIPv6(host), exclusive: true, backlog: 1_024 }, () => {
        server.off('error', reject)
        server.on('error', (error) => {
          this.#needs.counters.transport_errors++
          this.#needs.log.warn({ error, local: this.#local }, 'a SIP socket reported an error')
        })
        const at = server.address()
        if (at !== null && typeof at !== 'string') this.#local = { address: at.address, port: at.port }
        this.#server = server
        resolve()
      })
    })
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    await Promise.all([...this.#connections.values()].map((connection) => connection.stop()))
    await closed
  }

  flowTo(remote: RemoteAddress): Flow {
    return new TargetFlow(this, remote)
  }

  flowOf({ remote, connection }: FlowKey): Flow {
    if (connection === undefined) return this.flowTo(remote)
    return new ConnectionFlow(this, remote, connection, this.#connections.get(connection))
  }

  connectionTo(remote: RemoteAddress): TcpConnection | undefined {
    const known = this.#byRemote.get(nameOf(remote))
    if (known?.usable) return known
    const { counters, limits, options } = this.#needs
    if (!this.open) return undefined
    if (counters.connections >= limits.connections) {
      counters.connections_refused++
      return undefined
    }
    const { address: host, port } = remote
    let socket: Socket
    try {
      socket = connect({ host, port, localAddress: options.host, lookup: addressesOnly, noDelay: true })
    } catch {
      counters.connections_failed++ // a port that is none
      return undefined
    }
    return this.#add(socket, remote, false)
  }

  #accept(socket: Socket): void {
    const { counters, limits } = this.#needs
    const { remoteAddress: address, remotePort: port } = socket
    const fromSource = address === undefined ? 0 : (this.#perSource.get(address) ?? 0)
    const isFull = counters.connections >= limits.connections
    if (address === undefined || port === undefined || isFull || fromSource >= limits.connectionsPerSource) {
      counters.connections_refused++
      socket.on('error', () => {})
      socket.destroy()
      return
    }
    counters.connections_accepted++
    this.#add(socket, { address, port }, !this.#needs.isEdge(address))
  }

  /** Keeps a connection until it is over; `isCounted` = against what its source may have. */
  #add(socket: Socket, remote: RemoteAddress, isCounted: boolean): TcpConnection {
    const { clock, identity, limits, counters } = this.#needs
    const id = identity.tag()
    const name = nameOf(remote)
    const connection: TcpConnection = new TcpConnection(socket, remote, {
      clock,
      limits,
      counters,
      received: (data, fault) => this.#needs.received(data, flow, fault),
      sent: (data) => this.#needs.tap?.('out', data, 'tcp', this.#local, remote),
      opened: () => counters.connections_opened++,
      closed: (opened) => {
        counters.connections--
        this.#connections.delete(id)
        if (this.#byRemote.get(name) === connection) this.#byRemote.delete(name)
        if (isCounted) this.#count(remote.address, -1)
        if (!opened) counters.connections_failed++
        else if (this.open) this.#needs.closed(flow)
      },
    })
    const flow = new ConnectionFlow(this, remote, id, connection)
    counters.connections++
    if (isCounted) this.#count(remote.address, 1)
    this.#connections.set(id, connection)
    this.#byRemote.set(name, connection)
    return connection
  }

  #count(address: string, by: number): void {
    const count = (this.#perSource.get(address) ?? 0) + by
    if (count > 0) this.#perSource.set(address, count)
    else this.#perSource.delete(address)
  }
}

function nameOf({ address, port }: RemoteAddress): string {
  return `${address} ${port}`
}
