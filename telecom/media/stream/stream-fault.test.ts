import assert from 'node:assert/strict'
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

test('what one endpoint cannot be ends its stream or itself, and never the worker that it shares with others', async (t) => {
  const ports = { first: 42_100, last: 42_199 }
  const media = new MediaEngine({ log: silentLog, workers: 1, address: '127.0.0.1', ports })
  await media.start()
  t.after(() => media.stop())
  const open = async (id: string) => {
    const events: MediaEvent[] = []
    const endpoint = await media.open({ id, on: (event) => events.push(event) })
    return { endpoint, events, types: () => events.map(({ type }) => type) }
  }
  const [streamed, broken, bystander] = [await open('streamed'), await open('broken'), await open('bystander')]
  bystander.endpoint.want(WANTED)

  const stream_id = '0b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'
  const target = { stream_id, address: '127.0.0.1', port: 70_000, listen: 'both', speak: true } as const
  streamed.endpoint.want({ ...WANTED, streams: [target] })
  const ended = await eventually('its stream ends', () => streamed.events.find(({ type }) => type === 'stream_ended'))
  assert.deepEqual(ended, { type: 'stream_ended', stream_id, dropped: 0, issue: 'unreachable' })

  const nothing = undefined as unknown as []
  broken.endpoint.want({ ...WANTED, sending: { kind: 'prompt', prompt_id: 'p', parts: nothing } })
  await eventually('it fails', () => broken.types().includes('failed'))
  assert.ok((await streamed.endpoint.statistics()).sent)
  assert.ok((await bystander.endpoint.statistics()).sent)
  for (const { types } of [streamed, bystander])
    assert.deepEqual(
      types().filter((type) => type === 'restarted' || type === 'failed'),
      [],
    )
  await broken.endpoint.close()
  assert.equal(broken.types().filter((type) => type === 'failed').length, 1)
})
