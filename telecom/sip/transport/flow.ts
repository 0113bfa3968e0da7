/** The transports of RFC 3261 §18, RFC 5630 and RFC 7118 that a flow can run over. */
export type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss'

/** An IP address and a port. IPv6 without brackets. */
export interface RemoteAddress {
  readonly address: string
  readonly port: number
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
  /** Sends one message; `failed` is called, later, when it could not be handed to the network. */
  send(data: Buffer, remote: RemoteAddress, failed: (error: Error) => void): void
}

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
  /** False once a connection has broken; always true over UDP while the listener is open. */
  readonly alive: boolean
}

/** What a flow's key says: `udp;10.0.0.1;5060;192.0.2.7;5062` (transport, local address and port, remote ones). */
export interface FlowKey {
  readonly transport: TransportName
  readonly local: RemoteAddress
  readonly remote: RemoteAddress
}

const TRANSPORTS: readonly string[] = ['udp', 'tcp', 'tls', 'ws', 'wss'] satisfies TransportName[]

function isTransport(text: string | undefined): text is TransportName {
  return text !== undefined && TRANSPORTS.includes(text)
}

export function flowKey(transport: TransportName, local: RemoteAddress, remote: RemoteAddress): string {
  return `${transport};${local.address};${local.port};${remote.address};${remote.port}`
}

/** Reads a flow's key; `undefined` where it is none. */
export function parseFlowKey(key: string): FlowKey | undefined {
  const [transport, localAddress, localPort, remoteAddress, remotePort, ...rest] = key.split(';')
  if (!isTransport(transport) || rest.length > 0) return undefined
  const local = addressOf(localAddress, localPort)
  const remote = addressOf(remoteAddress, remotePort)
  return local && remote ? { transport, local, remote } : undefined
}

function addressOf(address: string | undefined, portText: string | undefined): RemoteAddress | undefined {
  const port = Number(portText)
  if (!address || !portText || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  return { address, port }
}
