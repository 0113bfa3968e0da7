import { type Flow, flowKey, type RemoteAddress, type SendFailed, type Transport } from './flow.ts'
import type { TcpConnection } from './tcp-connection.ts'

/** What flows over TCP need of their listener. */
export interface TcpPaths extends Transport {
  readonly open: boolean
  /** The connection that leads to an address: an open one, else a new one; `undefined` where there may be no more. */
  connectionTo(remote: RemoteAddress): TcpConnection | undefined
}

abstract class TcpFlow {
  readonly transport = 'tcp'
  readonly reliable = true
  readonly secure = false
  readonly listener: TcpPaths
  readonly remote: RemoteAddress

  constructor(listener: TcpPaths, remote: RemoteAddress) {
    this.listener = listener
    this.remote = remote
  }
}

/** The flow of one connection: it lives and ends with it. Nothing is ever sent to its peer over another connection but a response. */
export class ConnectionFlow extends TcpFlow implements Flow {
  readonly #id: string
  readonly #connection: TcpConnection | undefined

  /** Without `connection` it is one of an earlier time: not alive. */
  constructor(listener: TcpPaths, remote: RemoteAddress, id: string, connection?: TcpConnection) {
    super(listener, remote)
    this.#id = id
    this.#connection = connection
  }

  get key(): string {
    return flowKey('tcp', this.listener.local, this.remote, this.#id)
  }

  get alive(): boolean {
    return this.#connection?.usable ?? false
  }

  send(data: Buffer, failed: SendFailed): void {
    if (this.#connection) this.#connection.send(data, failed)
    else setImmediate(failed, gone())
  }

  /**
   * Over the connection that the request came by. Where that has broken, over another one to where the sender says that it
   * listens; a peer behind a NAT, as phones are, cannot be reached.
   */
  respond(data: Buffer, port: number | undefined, failed: SendFailed): void {
    const isBroken = this.#connection?.broken ?? true
    if (isBroken && port !== undefined) this.listener.flowTo({ ...this.remote, port }).send(data, failed)
    else this.send(data, failed)
  }

  onBroken(run: SendFailed): () => void {
    if (this.#connection) return this.#connection.onBroken(run)
    const told = setImmediate(() => run(gone()))
    return () => clearImmediate(told)
  }
}

/** The way to an address: over whichever connection leads there when something is sent (§18.1.1). */
export class TargetFlow extends TcpFlow implements Flow {
  /** What the last message went over. */
  #connection: TcpConnection | undefined

  get key(): string {
    return flowKey('tcp', this.listener.local, this.remote)
  }

  get alive(): boolean {
    return this.listener.open
  }

  send(data: Buffer, failed: SendFailed): void {
    this.#connection = this.listener.connectionTo(this.remote)
    if (this.#connection) this.#connection.send(data, failed)
    else setImmediate(failed, new Error('no connection may be opened'))
  }

  respond(data: Buffer, _port: number | undefined, failed: SendFailed): void {
    this.send(data, failed)
  }

  onBroken(run: SendFailed): () => void {
    return this.#connection?.onBroken(run) ?? (() => {})
  }
}

function gone(): Error {
  return new Error('the connection is gone')
}
