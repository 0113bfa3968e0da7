import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReasonedError } from '#platform/errors'
import type { LiveRunner } from './live-runner.ts'
import { carryOutStream, readStreamCommand, type StreamCommand } from './stream-commands.ts'

const command = (port: number): StreamCommand => ({
  ...{ id: 'a:1', type: 'stream_start', customer_id: 'alice', call_id: '10000000-0000-4000-8000-000000000002' },
  stream: {
    ...{ stream_id: '0b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a', address: '203.0.114.7', port },
    ...{ listen: 'both', speak: true },
  },
})

/** A live call that counts what it is asked to begin. */
function call() {
  const begun: number[] = []
  const live = { startStream: async (_: string, { port }: { port: number }) => void begun.push(port) }
  return { begun, live: live as unknown as LiveRunner }
}

for (const port of [0, -1, 65_536, 99_999, 4_000.5, Number.NaN])
  test(`port ${port} is no target: neither from the bus nor from a flow does it reach a call`, async () => {
    const { begun, live } = call()
    assert.equal(readStreamCommand(command(port)), undefined)
    await assert.rejects(
      carryOutStream(live, command(port)),
      (error) => error instanceof ReasonedError && error.reason === 'INVALID_ARGUMENT',
    )
    assert.deepEqual(begun, [])
  })

for (const port of [1, 65_535])
  test(`port ${port} is a target`, async () => {
    const { begun, live } = call()
    assert.deepEqual(readStreamCommand(command(port)), command(port))
    await carryOutStream(live, command(port))
    assert.deepEqual(begun, [port])
  })
