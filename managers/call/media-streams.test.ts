import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Command, CommandDoor } from '#platform/bus'
import type { Database } from '#platform/db'
import { apiErrors, type Identity, type WebSocket } from '#platform/http'
import { systemIds } from '#platform/ids'
import { Metrics } from '#platform/metrics'
import { ManualClock } from '#platform/time'
import { AudioSocketKind, audioSocketMessage } from '#telecom/media'
import { eventually } from '#testkit'
import { callErrors } from './errors.ts'
import { MediaStreams } from './media-streams.ts'
import type { StreamCommand } from './stream-commands.ts'

const ALICE = '10000000-0000-4000-8000-00000000000a'
const CALL = '10000000-0000-4000-8000-000000000002'
const identity = (customer_id: string): Identity => ({ kind: 'agent', customer_id, agent_id: CALL, permission: 32 })

/** The media worker of a call, played by the test: it connects, and then the call answers with this outcome. */
function streams(t: TestContext, outcome: () => unknown) {
  const clock = new ManualClock()
  const asked: StreamCommand[] = []
  const workers: net.Socket[] = []
  const ask = async (_: string, command: Command) => {
    const asks = command as StreamCommand
    asked.push(asks)
    if (asks.type === 'stream_stop') return { live: true }
    const { address, port, stream_id } = asks.stream
    const worker = net.connect(port, address)
    worker.on('error', () => {})
    workers.push(worker)
    await once(worker, 'connect')
    worker.write(audioSocketMessage(AudioSocketKind.id, Buffer.from(stream_id.replaceAll('-', ''), 'hex')))
    worker.resume()
    return outcome()
  }
  const media = new MediaStreams({
    db: {} as Database, // a call that answers is never looked up
    commands: { ask } as unknown as CommandDoor,
    ...{ clock, ids: systemIds, metrics: new Metrics() },
  })
  t.after(async () => {
    await media.stop()
    for (const worker of workers) worker.destroy()
  })
  const client = Object.assign(new EventEmitter(), {
    bufferedAmount: 0,
    closed: undefined as { code: number; reason: string } | undefined,
    close: (code: number, reason: string) => {
      client.closed = { code, reason }
    },
    send: () => {},
    ping: () => {},
    resume: () => {},
  })
  const connect = (authenticateAgain: () => Promise<Identity>) =>
    media.connect({
      ...{ customer: ALICE, params: { id: CALL }, query: { encapsulation: 'sln' }, authenticateAgain },
      accept: () => client as unknown as WebSocket,
    })
  return { clock, asked, workers, client, connect }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

for (const [what, again, reason] of [
  ['are refused', () => Promise.reject(apiErrors.AUTHENTICATION_REQUIRED()), 'AUTHENTICATION_REQUIRED'],
  ['may less', () => Promise.reject(apiErrors.PERMISSION_DENIED()), 'PERMISSION_DENIED'],
  ['are of another customer', async () => identity(CALL), 'the permission has changed'],
] as const)
  test(`a client whose credentials ${what} by now hears the call for 15 seconds more at most`, async (t) => {
    const { clock, client, workers, connect } = streams(t, () => ({ live: true }))
    let isRevoked = false
    await connect(() => (isRevoked ? again() : Promise.resolve(identity(ALICE))))
    clock.advance(15_000)
    await settled()
    assert.equal(client.closed, undefined)
    isRevoked = true
    const gone = once(workers[0] as net.Socket, 'close')
    clock.advance(15_000)
    await settled()
    assert.deepEqual(client.closed, { code: 1008, reason })
    await gone
    assert.equal(clock.pending, 0, 'nothing is asked any more')
  })

test('while nobody can say whether the credentials hold, the stream goes on', async (t) => {
  const { clock, client, connect } = streams(t, () => ({ live: true }))
  let asks = 0
  await connect(async () => {
    asks++
    throw new Error('the database is away')
  })
  for (let n = 0; n < 3; n++) {
    clock.advance(15_000)
    client.emit('pong')
    await settled()
  }
  assert.deepEqual([asks, client.closed], [3, undefined])
})

test('a client that has gone is asked about no more', async (t) => {
  const { clock, client, connect } = streams(t, () => ({ live: true }))
  await connect(() => assert.fail('it was asked'))
  client.emit('close', 1000)
  clock.advance(60_000)
  assert.equal(clock.pending, 0)
})

test('where the answer of a call is lost after its worker has connected, the worker is let go and the call is told', async (t) => {
  const { asked, workers, connect, client } = streams(t, async () => {
    await settled()
    throw new Error('no answer in time')
  })
  await assert.rejects(connect(async () => identity(ALICE)))
  const [worker] = workers
  await eventually('its connection is closed', () => worker?.closed)
  const [start, stop] = asked
  assert.ok(start?.type === 'stream_start' && stop?.type === 'stream_stop')
  const { id, ...rest } = stop
  assert.notEqual(id, start.id)
  assert.deepEqual(rest, { type: 'stream_stop', customer_id: ALICE, call_id: CALL, stream_id: start.stream.stream_id })
  assert.equal(client.closed, undefined)
})

test('a call that refuses has nothing to stop', async (t) => {
  const { asked, connect } = streams(t, () => {
    throw callErrors.CALL_NOT_FOUND({ call_id: CALL })
  })
  await assert.rejects(
    connect(async () => identity(ALICE)),
    { name: 'CALL_NOT_FOUND' },
  )
  assert.equal(asked.length, 1)
})
