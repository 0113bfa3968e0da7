import dgram from 'node:dgram'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'

/** A port of 127.0.0.1 that nothing uses at this moment; `sip` = neither over UDP nor over TCP. */
export async function freePort(kind: 'tcp' | 'udp' | 'sip'): Promise<number> {
  if (kind === 'sip') {
    for (;;) {
      const port = await freePort('udp')
      const server = net.createServer().listen(port, '127.0.0.1')
      const isFree = await Promise.race([
        once(server, 'listening').then(() => true),
        once(server, 'error').then(() => false),
      ])
      if (!isFree) continue
      server.close()
      await once(server, 'close')
      return port
    }
  }
  if (kind === 'tcp') {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }
  const socket = dgram.createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}
