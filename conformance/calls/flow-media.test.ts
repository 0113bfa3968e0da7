// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of flows
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, test } from 'node:test'
import { AudioSocketKind, AudioSocketReader } from '#telecom/media'
import {
  Baresip,
  eventually,
  isInstalled,
  type Json,
  levelAt,
  MICROPHONE_HZ,
  Platform,
  WebhookReceiver,
} from '#testkit'
import { callableFlow } from './sample.ts'

const skip = isInstalled('baresip') ? false : 'baresip is not installed (scripts/install-test-peers.sh)'

let platform: Platform
let receiver: WebhookReceiver
let phone: Baresip
let program: Awaited<ReturnType<typeof listen>>
let activeflow: Json
/** What the program heard, 8 kHz. */
let heard: Int16Array

before(async () => {
  if (skip) return
  platform = await Platform.start()
  receiver = await WebhookReceiver.start()
  program = await listen()
  const number = await callableFlow(platform, [
    { type: 'answer' },
    { type: 'amd' },
    { type: 'variable_set', option: { key: 'who', value: '${voipbin.call.amd.status} ${voipbin.call.amd.cause}' } },
    {
      type: 'external_media_start',
      option: {
        ...{ external_host: `127.0.0.1:${program.port}`, encapsulation: 'audiosocket', transport: 'tcp' },
        direction_listen: 'in',
      },
    },
    { type: 'sleep', option: { duration: 1_500 } },
    { type: 'mute' },
    { type: 'sleep', option: { duration: 2_500 } },
    { type: 'external_media_stop' },
    { type: 'fetch', option: { event_url: receiver.url('/actions') } },
    { type: 'variable_set', option: { key: 'last', value: '${fetched}' } },
  ])
  receiver.treat =
    ({ headers }) =>
    (_, response) => {
      assert.equal(typeof headers['x-voipbin-signature'], 'string')
      response.writeHead(200).end('[{"type":"variable_set","option":{"key":"fetched","value":"yes"}}]')
    }
  const account = platform.credentials.extensions[0]
  assert.ok(account)
  phone = await Baresip.start({ user: account.extension, password: account.password, server: platform.sip })
  await phone.registered()
  await phone.command('dial', `sip:${number}@${platform.sip}`)
  activeflow = await eventually(
    'the flow has ended',
    async () => {
      const { body } = await platform.api('GET', '/activeflows')
      return body.result[0]?.status === 'ended' ? body.result[0] : undefined
    },
    40_000,
  )
  heard = program.heard()
})
after(async () => {
  program?.close()
  await phone?.stop()
  await platform?.stop()
  await receiver?.stop()
})

/** A program that hears calls by AudioSocket. */
async function listen() {
  const sound: Buffer[] = []
  const server = net.createServer((socket) => {
    const reader = new AudioSocketReader((kind, payload) => {
      if (kind === AudioSocketKind.audio) sound.push(Buffer.from(payload))
    })
    socket.on('data', (chunk) => reader.push(chunk))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const samples = (octets: Buffer) =>
    Int16Array.from({ length: octets.length >> 1 }, (_, n) => octets.readInt16LE(n * 2))
  return { port, heard: () => samples(Buffer.concat(sound)), close: () => server.close() }
}

test('every action of the flow ran, none with a cause', { skip }, () => {
  const ran = activeflow.executed_actions.slice(1).map(({ type, result, cause }: Json) => [type, result, cause])
  const types = 'answer amd variable_set external_media_start sleep mute sleep external_media_stop fetch variable_set'
  assert.deepEqual(
    ran.slice(0, -1),
    types.split(' ').map((type) => [type, undefined, undefined]),
  )
  assert.equal(activeflow.ended_reason, 'finished')
})

test('a phone that hums one tone is taken for a machine', { skip }, () => {
  assert.equal(activeflow.executed_actions[3].option.value, 'MACHINE tone')
})

test('the program hears the caller until he is muted, and silence from then on', { skip }, () => {
  assert.ok(heard.length > 3 * 8_000, `${heard.length} samples`)
  assert.ok(levelAt(heard.subarray(4_000, 8_000), MICROPHONE_HZ) > 1_000)
  assert.ok(levelAt(heard.subarray(-8_000), MICROPHONE_HZ) < 10)
})

test('the actions that a server answered ran before those that follow', { skip }, () => {
  const [, last] = activeflow.executed_actions.slice(-2)
  assert.equal(last.option.value, 'yes')
})
