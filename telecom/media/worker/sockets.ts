import dgram from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'

/** Addresses are always literals here: nothing on this path ever asks a name server. */
type Looked = (error: Error | null, address: string, family: number) => void
const literal = (address: string, ...rest: unknown[]): void => {
  const callback = rest[rest.length - 1] as Looked
  callback(null, address, address.includes(':') ? 6 : 4)
}

/** A pair of bound sockets: RTP on the even port, RTCP on the next. */
export interface SocketPair {
  rtp: dgram.Socket
  rtcp: dgram.Socket
}

/** Binds both or none. `onError` is told of whatever goes wrong later: an unheard socket error would end the process. */
export async function openSockets(address: string, port: number, onError: () => void): Promise<SocketPair> {
  const rtp = await bind(address, port, onError)
  try {
    return { rtp, rtcp: await bind(address, port + 1, onError) }
  } catch (error) {
    rtp.close()
    throw error
  }
}

async function bind(address: string, port: number, onError: () => void): Promise<dgram.Socket> {
  const type = isIPv6(address) ? 'udp6' : 'udp4'
  const socket = dgram.createSocket({ type, ipv6Only: type === 'udp6', lookup: literal })
  // the literal lookup answers at once: listen for the outcome before asking for it
  const listening = once(socket, 'listening')
  try {
    socket.bind({ address, port, exclusive: true })
    await listening
  } catch (error) {
    socket.close()
    throw error
  }
  socket.on('error', onError)
  return socket
}
