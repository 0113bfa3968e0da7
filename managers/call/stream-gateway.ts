import { once } from 'node:events'
import net from 'node:net'
import type { Clock } from '#platform/time'
import { AudioSocketKind, uuidOfBytes } from '#telecom/media'
import { StreamConnection } from './stream-connection.ts'

/** How long a connection may take to say which stream it is. */
const ID_MS = 2_000
/** Connections that have not said it yet. */
const MOST_STRANGERS = 100
const HOST = '127.0.0.1'

export interface ExpectedStream {
  /** Where the media worker shall connect to. */
  address: string
  port: number
  /** Resolves when it has; rejects when `forget` was called before. */
  connection: Promise<StreamConnection>
  /** Nobody waits for it any more. */
  forget(): void
}

/**
 * Where the sound of calls comes in for clients of the API: media workers connect to it (AudioSocket over TCP, on this
 * machine), each with the id of a stream that somebody waits for. Such an id is known to both ends alone and counts once;
 * whoever comes with another one is cut off.
 */
export class StreamGateway {
  readonly #clock: Clock
  readonly #waiting = new Map<string, (connection: StreamConnection) => void>()
  readonly #connections = new Set<StreamConnection>()
  #strangers = 0
  #listening: Promise<net.Server> | undefined

  constructor(needs: { clock: Clock }) {
    this.#clock = needs.clock
  }

  /** Waits for the connection of this stream from now on. */
  async expect(stream_id: string): Promise<ExpectedStream> {
    this.#listening ??= this.#listen()
    const { port } = (await this.#listening).address() as net.AddressInfo
    const { promise, resolve, reject } = Promise.withResolvers<StreamConnection>()
    promise.catch(() => {}) // nobody may wait for it any more
    this.#waiting.set(stream_id, resolve)
    const forget = () => {
      if (this.#waiting.delete(stream_id)) reject(new Error('nobody waits for this stream any more'))
    }
    return { address: HOST, port, connection: promise, forget }
  }

  /** Ends every connection. */
  async stop(): Promise<void> {
    const server = await this.#listening
    for (const connection of this.#connections) connection.close()
    server?.close()
  }

  async #listen(): Promise<net.Server> {
    const server = net.createServer({ noDelay: true }, (socket) => this.#welcome(socket))
    server.listen(0, HOST)
    await once(server, 'listening')
    server.on('error', () => {})
    server.unref()
    return server
  }

  #welcome(socket: net.Socket): void {
    if (this.#strangers >= MOST_STRANGERS) {
      socket.destroy()
      return
    }
    this.#strangers++
    const connection = new StreamConnection(socket)
    this.#connections.add(connection)
    const patience = this.#clock.after(ID_MS, () => connection.close())
    let isKnown = false
    const known = () => {
      patience.cancel()
      if (!isKnown) this.#strangers--
      isKnown = true
    }
    connection.onMessage = (kind, payload) => {
      const id = kind === AudioSocketKind.id ? uuidOfBytes(payload) : undefined
      const take = id === undefined ? undefined : this.#waiting.get(id)
      if (id === undefined || !take) return connection.close()
      known()
      this.#waiting.delete(id)
      connection.onMessage = () => {}
      take(connection)
    }
    socket.once('close', () => {
      known()
      this.#connections.delete(connection)
    })
  }
}
