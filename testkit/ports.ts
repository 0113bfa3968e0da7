import { randomInt } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'

/** Below the ports that Linux gives to connections that go out: one of those would take a port between look and use. */
const FIRST = 10_000
const LAST = 32_000

/** A port of 127.0.0.1 that nothing uses at this moment; `sip` = neither over UDP nor over TCP. */
export async function freePort(kind: 'tcp' | 'udp' | 'sip'): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST)
    if (kind !== 'tcp' && !(await isFree(dgram.createSocket('udp4'), (socket) => socket.bind(port, '127.0.0.1'))))
      continue
    if (kind !== 'udp' && !(await isFree(net.createServer(), (server) => server.listen(port, '127.0.0.1')))) continue
    return port
  }
}

async function isFree<T extends dgram.Socket | net.Server>(socket: T, open: (socket: T) => unknown): Promise<boolean> {
  const opened = Promise.race([
    once(socket, 'listening').then(() => true),
    new Promise<false>((resolve) => socket.once('error', () => resolve(false))),
  ])
  open(socket)
  if (!(await opened)) return false
  const closed = once(socket, 'close')
  socket.close()
  await closed
  return true
}
