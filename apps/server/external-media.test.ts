import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressGuard, NameNotResolved } from '#platform/outbound'
import { startExternalMedia, stopExternalMedia } from './external-media.ts'

const CALL = '10000000-0000-4000-8000-000000000002'
const AUDIOSOCKET = { external_host: 'media.example.com:4000', encapsulation: 'audiosocket', transport: 'tcp' }

/** Runs the action with these options; gives its outcome and what the call was asked. */
async function start(options: Record<string, unknown>, addresses: readonly string[] = ['203.0.114.7']) {
  const asked: object[] = []
  const live = () => ({ stream: async (command: object) => void asked.push(command) })
  const resolve = async (host: string) => {
    if (addresses.length === 0) throw new NameNotResolved(host)
    return [...addresses]
  }
  const ask = startExternalMedia({ live, reachable: new AddressGuard(), resolve })
  const what = {
    action: 'external_media_start',
    activeflow_id: CALL,
    reference_type: 'call',
    reference_id: CALL,
  } as const
  return { outcome: await ask('alice', { ...what, options }, 'a:1'), asked }
}

test('sound goes to the address of the host, which is looked up once, both ways', async () => {
  const { outcome, asked } = await start(AUDIOSOCKET)
  assert.deepEqual(outcome, { ok: true })
  const [{ stream, ...command }] = asked as [{ stream: { stream_id: string } }]
  assert.deepEqual(command, { id: 'a:1', type: 'stream_start', customer_id: 'alice', call_id: CALL })
  const { stream_id, ...target } = stream
  assert.deepEqual(target, { address: '203.0.114.7', port: 4_000, listen: 'both', speak: true })
  const again = (await start(AUDIOSOCKET)).asked as [{ stream: { stream_id: string } }]
  assert.equal(again[0].stream.stream_id, stream_id, 'a repeat of the step is the same stream')
})

for (const [options, expected] of [
  [{ direction: 'in' }, { listen: 'in', speak: true }],
  [{ direction_listen: 'out' }, { listen: 'out', speak: false }],
  [{ direction_speak: 'both' }, { listen: 'none', speak: true }],
] as const)
  test(`${JSON.stringify(options)} is ${JSON.stringify(expected)}`, async () => {
    const { asked } = await start({ ...AUDIOSOCKET, ...options })
    const [{ stream }] = asked as [{ stream: { listen: string; speak: boolean } }]
    assert.deepEqual({ listen: stream.listen, speak: stream.speak }, expected)
  })

for (const [what, options, addresses, cause] of [
  ['the machine itself', AUDIOSOCKET, ['127.0.0.1', '::1'], 'external_media_refused: blocked'],
  [
    'a private network',
    { ...AUDIOSOCKET, external_host: '10.0.0.1:80' },
    ['10.0.0.1'],
    'external_media_refused: blocked',
  ],
  ['a name without an address', AUDIOSOCKET, [], 'external_media_refused: dns'],
  ['port 0', { ...AUDIOSOCKET, external_host: 'example.com:0' }, ['203.0.114.7'], 'external_media_refused: port'],
  [
    'a port beyond the last',
    { ...AUDIOSOCKET, external_host: 'example.com:65536' },
    ['203.0.114.7'],
    'external_media_refused: port',
  ],
  ['no port', { ...AUDIOSOCKET, external_host: 'example.com' }, ['203.0.114.7'], 'external_media_refused: port'],
  ['RTP', { external_host: 'example.com:4000' }, ['203.0.114.7'], 'external_media_unsupported: rtp over udp as client'],
  [
    'another rate',
    { ...AUDIOSOCKET, format: 'slin16' },
    ['203.0.114.7'],
    'external_media_unsupported: audiosocket carries slin',
  ],
] as const)
  test(`${what} is refused with a cause, and nothing is sent`, async () => {
    assert.deepEqual(await start(options, addresses), { outcome: { ok: false, cause }, asked: [] })
  })

test('external_media_stop ends every stream of the call', async () => {
  const asked: object[] = []
  const stop = stopExternalMedia({ live: () => ({ stream: async (command) => void asked.push(command) }) })
  const what = { action: 'external_media_stop', options: {}, activeflow_id: CALL } as const
  await stop('alice', { ...what, reference_type: 'call', reference_id: CALL }, 'a:2')
  assert.deepEqual(asked, [{ id: 'a:2', type: 'stream_stop', customer_id: 'alice', call_id: CALL }])
})
