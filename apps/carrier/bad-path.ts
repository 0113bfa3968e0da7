import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'
import type { MediaEndpoint, OpenEndpoint } from '#telecom/media'

/** What a bad path does with the packets of each direction. */
export interface Impairment {
  /** Of 100 packets, how many are lost; each by chance. */
  lose: number
  /** How much later the others arrive, in milliseconds. */
  delay: number
}

type Address = { address: string; port: number }
type Needs = { clock: Clock; ids: Ids }

/** Two sockets with a bad line between them: the endpoint of ours is behind it, the other side sees only the line. */
class BadPath {
  readonly #impairment: Impairment
  readonly #needs: Needs
  readonly #outer: Socket
  readonly #inner: Socket
  #remote: Address | undefined
  #closed = false

  constructor(impairment: Impairment, needs: Needs, sockets: { outer: Socket; inner: Socket; endpoint: Address }) {
    this.#impairment = impairment
    this.#needs = needs
    this.#outer = sockets.outer
    this.#inner = sockets.inner
    const { endpoint } = sockets
    this.#outer.on('message', (packet) => this.#carry(() => this.#inner.send(packet, endpoint.port, endpoint.address)))
    this.#inner.on('message', (packet) =>
      this.#carry(() => this.#remote && this.#outer.send(packet, this.#remote.port, this.#remote.address)),
    )
    for (const socket of [this.#outer, this.#inner]) socket.on('error', () => {}) // of a port that nobody has open
  }

  /** The port that the other side sees. */
  get port(): number {
    return this.#outer.address().port
  }

  /** Where the endpoint shall send to, so that it reaches `remote` over the line. */
  to<To extends Address>(remote: To): To & { rtcpPort: number } {
    this.#remote = remote
    const { address, port } = this.#inner.address()
    return { ...remote, address, port, rtcpPort: port }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#outer.close()
    this.#inner.close()
  }

  #carry(send: () => void): void {
    const { lose, delay } = this.#impairment
    if (this.#needs.ids.integer(100) < lose) return
    this.#needs.clock.after(delay, () => {
      if (!this.#closed) send()
    })
  }
}

/** An endpoint like any other, whose packets come and go over a bad line. */
export async function openBehindBadPath(
  media: { open(options: OpenEndpoint): Promise<MediaEndpoint> },
  options: OpenEndpoint & { address: string },
  impairment: Impairment,
  needs: Needs,
): Promise<MediaEndpoint> {
  const endpoint = await media.open(options)
  const { address } = options
  const [outer, inner] = await Promise.all([bound(address), bound(address)])
  const path = new BadPath(impairment, needs, { outer, inner, endpoint: { address, port: endpoint.port } })
  return {
    ...{ id: endpoint.id, address: endpoint.address, port: path.port, worker: endpoint.worker },
    want: (wanted) =>
      endpoint.want({ ...wanted, remote: wanted.remote && path.to(wanted.remote), signallingAddress: address }),
    press: (digit, durationMs) => endpoint.press(digit, durationMs),
    detect: () => endpoint.detect(),
    statistics: () => endpoint.statistics(),
    close: () => {
      path.close()
      return endpoint.close()
    },
  }
}

async function bound(address: string): Promise<Socket> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket
}
