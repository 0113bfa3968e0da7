import { canonicalAddress } from '../message/ip-address.ts'

/** The transports of RFC 3261 §18, RFC 5630 and RFC 7118 that a flow can run over. */
export type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss'

/** An IP address and a port. IPv6 without brackets. */
export interface RemoteAddress {
  readonly address: string
  readonly port: number
}

/** The same with the address as sockets report it, so that one place is one text. */
export function canonicalRemote({ address, port }: RemoteAddress): RemoteAddress {
  return { address: canonicalAddress(address), port }
}

/** What a flow needs of the listener that it belongs to. */
export interface Transport {
  readonly transport: TransportName
  /** Whether the transport resends for us (RFC 3261 §17: no timers A, E, G; I, J, K and D are zero). */
  readonly reliable: boolean
  readonly secure: boolean
  /** The address that the socket is really bound to. */
  readonly local: RemoteAddress
  /** What stands in Via and Contact: host (IPv6 in brackets) and port. */
  readonly advertised: { readonly host: string; readonly port: number }
  /** The way to an address: over a stream by whatever connection leads there, opened when something is sent. */
  flowTo(remote: RemoteAddress): Flow
}

/** A listener as the stack that owns it sees it. */
export interface Listener extends Transport {
  readonly transport: 'udp' | 'tcp'
  /** What it was told to listen on; the port may be 0. */
  readonly wanted: RemoteAddress
  /** Opens it, on another port than the wanted one where one is given. */
  start(port?: number): Promise<void>
  stop(): Promise<void>
  /** The flow that a key names. One of a connection that is gone is not alive, and stays so. */
  flowOf(key: FlowKey): Flow
}

/** Hears, later, that a message could not be handed to the network. */
export type SendFailed = (error: Error) => void

/**
 * A flow (RFC 5626 §3): the pair of listener and remote address, over one transport. Requests to a phone use the flow
 * that it registered from, never a new connection to its Contact.
 */
export interface Flow {
  readonly listener: Transport
  readonly transport: TransportName
  readonly reliable: boolean
  readonly secure: boolean
  readonly remote: RemoteAddress
  /** A text that names this flow and that `SipStack.flow(key)` turns back into it, in this process or a later one. */
  readonly key: string
  /** False once its connection has broken, for good; always true over UDP, and of the way to an address, while the listener is open. */
  readonly alive: boolean
  /** Sends one message to `remote`; `failed` is called, later, when it could not be handed to the network. */
  send(data: Buffer, failed: SendFailed): void
  /** Sends the response to a request that came over this flow (RFC 3261 §18.2.2); `port` as `sendersPort` has it. */
  respond(data: Buffer, port: number | undefined, failed: SendFailed): void
  /**
   * Calls `run`, once and later, when the connection that carries what was sent breaks; gives the way to stop listening.
   * Over UDP nothing breaks.
   */
  onBroken(run: SendFailed): () => void
}

/**
 * What a flow's key says: `udp;10.0.0.1;5060;192.0.2.7;5062` (transport, local address and port, remote ones). A sixth
 * part names one connection, which no other one between the same ports can be taken for.
 */
export interface FlowKey {
  readonly transport: TransportName
  readonly local: RemoteAddress
  readonly remote: RemoteAddress
  readonly connection?: string
}

const TRANSPORTS: readonly string[] = ['udp', 'tcp', 'tls', 'ws', 'wss'] satisfies TransportName[]

function isTransport(text: string | undefined): text is TransportName {
  return text !== undefined && TRANSPORTS.includes(text)
}

export function flowKey(
  transport: TransportName,
  local: RemoteAddress,
  remote: RemoteAddress,
  connection?: string,
): string {
  const key = `${transport};${local.address};${local.port};${remote.address};${remote.port}`
  return connection === undefined ? key : `${key};${connection}`
}

/** Reads a flow's key; `undefined` where it is none. */
export function parseFlowKey(key: string): FlowKey | undefined {
  const [transport, localAddress, localPort, remoteAddress, remotePort, connection, ...rest] = key.split(';')
  if (!isTransport(transport) || rest.length > 0) return undefined
  if (connection !== undefined && (transport === 'udp' || connection === '')) return undefined
  const local = addressOf(localAddress, localPort)
  const remote = addressOf(remoteAddress, remotePort)
  if (!local || !remote) return undefined
  return { transport, local, remote, ...(connection === undefined ? {} : { connection }) }
}

function addressOf(address: string | undefined, portText: string | undefined): RemoteAddress | undefined {
  const port = Number(portText)
  if (!address || !portText || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  return { address, port }
}
