import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'

/** How a fake phone is reached by its server. */
export interface PhoneWire {
  readonly transport: 'udp' | 'tcp'
  /** Its own port. */
  readonly port: number
  send(text: string): void
  /** Calls `hear` with every message that comes. */
  listen(hear: (data: Buffer) => void): void
  close(): void
}

/** A wire between a phone and a server at `host`, `port`. Over TCP it is one connection, and lost when that breaks. */
export async function openWire(transport: 'udp' | 'tcp', host: string, port: number): Promise<PhoneWire> {
  return transport === 'udp' ? openDatagrams(host, port) : openStream(host, port)
}

async function openDatagrams(host: string, port: number): Promise<PhoneWire> {
  const socket = dgram.createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.on('error', () => {})
  return {
    transport: 'udp',
    port: socket.address().port,
    send: (text) => socket.send(text, port, host),
    listen: (hear) => socket.on('message', (data) => hear(data)),
    close: () => socket.close(),
  }
}

async function openStream(host: string, port: number): Promise<PhoneWire> {
  const socket = net.connect(port, host)
  socket.setNoDelay(true)
  await once(socket, 'connect')
  socket.on('error', () => {})
  return {
    transport: 'tcp',
    port: socket.localPort ?? 0,
    send: (text) => socket.write(text),
    listen(hear) {
      let kept = Buffer.alloc(0)
      socket.on('data', (chunk) => {
        kept = Buffer.concat([kept, chunk])
        for (let length = firstMessage(kept); length > 0; length = firstMessage(kept)) {
          hear(kept.subarray(0, length))
          kept = kept.subarray(length)
        }
      })
    },
    close: () => socket.destroy(),
  }
}

/** Bytes of the first whole message; 0 where it is not whole yet. Our own messages alone, whose form is known. */
function firstMessage(data: Buffer): number {
  const head = data.indexOf('\r\n\r\n')
  if (head < 0) return 0
  const [, length = '0'] = /\r\nContent-Length: (\d+)/.exec(data.toString('latin1', 0, head)) ?? []
  const end = head + 4 + Number(length)
  return data.length >= end ? end : 0
}
