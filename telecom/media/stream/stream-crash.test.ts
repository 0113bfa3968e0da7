import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { silentLog } from '#platform/log'
import { eventually } from '#testkit'
import { MediaEngine, type MediaEvent, type WantedMedia } from '../index.ts'

const WANTED: WantedMedia = {
  remote: { address: '127.0.0.1', port: 9 },
  codec: 'PCMU',
  payloadTypeSend: 0,
  payloadTypeReceive: 0,
  telephoneEventSend: null,
  telephoneEventReceive: null,
  ptimeMs: 20,
  direction: 'sendrecv',
  sending: { kind: 'silence' },
  deadMediaMs: 0,
}

test('a worker that crashes ends its streams, each once; others begin in the new one, and covers go on', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets: net.Socket[] = []
  server.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.resume()
  })
  const media = new MediaEngine({
    log: silentLog,
    workers: 1,
    address: '127.0.0.1',
    ports: { first: 42_000, last: 42_099 },
  })
  await media.start()
  t.after(async () => {
    await media.stop()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const events: MediaEvent[] = []
  const endpoint = await media.open({ id: 'one', on: (event) => events.push(event) })
  const { port } = server.address() as net.AddressInfo
  const target = (last: number) => ({
    ...{ stream_id: `0b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3${last}`, address: '127.0.0.1', port },
    ...{ listen: 'both' as const, speak: true },
  })
  const count = (type: MediaEvent['type']) => events.filter((event) => event.type === type).length
  const cover = { kind: 'prompt' as const, prompt_id: 'c', parts: [{ silenceMs: 600_000 }] }
  endpoint.want({ ...WANTED, cover, streams: [target(1)] })
  await eventually('the program is there', () => count('stream_started') === 1)
  await media.crashWorker(0)
  await eventually('the worker is back', () => count('restarted') === 1)
  endpoint.want({ ...WANTED, cover, streams: [target(1), target(2)] })
  await eventually('the other program is there', () => count('stream_started') === 2)
  const ends = () => events.filter((event) => event.type === 'stream_ended')
  assert.deepEqual(ends(), [
    { type: 'stream_ended', stream_id: target(1).stream_id, dropped: 0, issue: 'worker_restarted' },
  ])
  assert.equal(count('prompt_finished'), 0)
  await endpoint.close()
  assert.equal(ends().length, 2)
  assert.equal(count('prompt_finished'), 1)
})
