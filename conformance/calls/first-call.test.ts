import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import {
  Baresip,
  canRecognise,
  eventually,
  isInstalled,
  type Json,
  levelAt,
  MICROPHONE_HZ,
  Platform,
  pause,
  readWavFile,
  recognise,
  WebhookReceiver,
} from '#testkit'
import { sendWebhooksTo } from './sample.ts'

const skip = isInstalled('baresip') ? false : 'baresip is not installed (scripts/install-test-peers.sh)'

let platform: Platform
let receiver: WebhookReceiver
let secret: string
let phone: Baresip
/** The call's record and what the phone heard, once it is over. */
let call: Json
let heard: Int16Array

before(async () => {
  if (skip) return
  receiver = await WebhookReceiver.start()
  platform = await Platform.start()
  secret = await sendWebhooksTo(platform, receiver)
  await callTheSampleNumber()
})
after(async () => {
  await phone?.stop()
  await platform?.stop()
  await receiver?.stop()
})

/** Registers, dials the sample number, presses 1 when it is asked to, listens to its echo, and hangs up. */
async function callTheSampleNumber() {
  const account = platform.credentials.extensions[0]
  assert.ok(account)
  phone = await Baresip.start({ user: account.extension, password: account.password, server: platform.sip })
  await phone.registered()
  await phone.command('dial', `sip:${platform.credentials.numbers[0]}@${platform.sip}`)
  await phone.event('CALL_ESTABLISHED')
  await flowReaches('digits_receive')
  await phone.command('sndcode', '1')
  await flowReaches('echo')
  await pause(2_000) // what comes back is measured below
  await phone.command('hangup')
  call = await eventually('the call is over', async () => {
    const { body } = await platform.api('GET', `/calls/${(await newestCall()).id}`)
    return body.status === 'hangup' ? body : undefined
  })
  const file = await eventually('the phone kept what it heard', () => phone.heard())
  heard = readWavFile(readFileSync(file)).samples
}

async function newestCall(): Promise<Json> {
  const { body } = await platform.api('GET', '/calls')
  return body.result[0] ?? {}
}

async function flowReaches(action: string): Promise<void> {
  await eventually(`the flow reaches ${action}`, async () => (await newestCall()).action?.type === action, 20_000)
}

test('a phone that calls the sample number is answered, and its call shows every time of its life', { skip }, () => {
  assert.equal(call.direction, 'incoming')
  assert.equal(call.hangup_by, 'remote')
  assert.equal(call.hangup_reason, 'normal')
  assert.equal(call.source.type, 'extension')
  assert.equal(call.source.target_name, '1000')
  const times = [call.tm_create, call.tm_ringing, call.tm_progressing, call.tm_hangup]
  for (const time of times) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  assert.deepEqual(times, [...times].sort())
})

test('the caller hears the menu and the branch that was chosen, word for word', { skip }, async (context) => {
  if (!(await canRecognise())) return context.skip('pocketsphinx is not installed')
  const words = ['welcome to', 'press one for an echo test', 'you pressed one', 'goodbye', 'leave a message']
  // what stands between is the name, which is in no dictionary
  assert.match((await recognise(heard, words)) ?? '', /^welcome to .*press one for an echo test you pressed one$/)
})

test('the echo brings the phone its own tone back', { skip }, () => {
  const lastSecond = heard.subarray(-8_000)
  const own = levelAt(lastSecond, MICROPHONE_HZ)
  assert.ok(own > 1_000, `the phone's tone is ${own}`)
  assert.ok(own > 20 * levelAt(lastSecond, 1_000), 'and nothing else is')
})

test('the webhook receiver has every public event in order, signed, without a gap', { skip }, async () => {
  const { body } = await platform.api('GET', '/events?after=0&page_size=1000')
  const published = body.result.filter((event: Json) => /^(call|activeflow)_/.test(event.type))
  const delivered = await eventually('every event was delivered', () => {
    const received = receiver.delivered().filter(({ type }) => /^(call|activeflow)_/.test(type))
    return received.length >= published.length ? received : undefined
  })
  receiver.checkSignatures(secret)
  assert.deepEqual(
    delivered.map(({ sequence }) => sequence).sort((a, b) => a - b),
    published.map(({ sequence }: Json) => sequence),
  )
  const life = delivered.filter(({ data }) => data.id === call.id)
  assert.equal(life[0]?.type, 'call_created')
  assert.equal(life.at(-1)?.type, 'call_hangup')
  const sequences = life.map(({ sequence }) => sequence)
  assert.deepEqual(
    sequences,
    [...sequences].sort((a, b) => a - b),
    'each event of the call after the one before it',
  )
})
