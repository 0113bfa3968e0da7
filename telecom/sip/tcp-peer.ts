import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { parseMessage } from './message/parser.ts'
import { SipPeer } from './sip-peer.ts'
import { StreamFramer } from './transport/stream-framer.ts'

const LIMITS = { streamHeadBytes: 65_536, messageBytes: 65_536 }

/** A SIP peer for tests: one TCP connection on 127.0.0.1 that sends what it is told and keeps what it receives. */
export class TcpPeer extends SipPeer {
  readonly #socket: Socket
  /** Empty lines that came outside of messages. */
  pongs = 0
  /** Whether the other side has closed it. */
  closed = false

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    const framer = new StreamFramer(LIMITS)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
    socket.on('data', (chunk) => {
      if (!framer.partial && /^[\r\n]+$/.test(chunk.toString('latin1'))) this.pongs += chunk.length / 2
      else for (const frame of framer.push(chunk)) if (frame.type === 'message') this.keep(parseMessage(frame.data))
    })
  }

  /** Opens a connection to `target`. */
  static async open(target: { address: string; port: number }): Promise<TcpPeer> {
    const socket = connect(target.port, target.address)
    await once(socket, 'connect')
    return new TcpPeer(socket)
  }

  get port(): number {
    return this.#socket.localPort ?? 0
  }

  async close(): Promise<void> {
    this.#socket.destroy()
    if (!this.#socket.closed) await once(this.#socket, 'close')
  }

  send(data: Buffer | string): Promise<void> {
    return new Promise((resolve) => this.#socket.write(data, () => resolve()))
  }

  /** Reads nothing more until the test is over. */
  pause(): void {
    this.#socket.pause()
  }
}

/** A SIP server for tests: it listens on 127.0.0.1 and keeps the connections that were made to it. */
export class TcpServer {
  readonly peers: TcpPeer[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => this.peers.push(new TcpPeer(socket)))
  }

  static async open(port = 0): Promise<TcpServer> {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    return new TcpServer(server)
  }

  get port(): number {
    const at = this.#server.address()
    return at !== null && typeof at !== 'string' ? at.port : 0
  }

  async close(): Promise<void> {
    for (const peer of this.peers) await peer.close()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }
}
