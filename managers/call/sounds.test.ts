import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { eventually, TestCalls } from '#testkit'

const NUMBER = '+899006000001'
const folder = mkdtempSync(join(tmpdir(), 'strowger-sounds-'))
after(() => rmSync(folder, { recursive: true }))
const tone = join(folder, 'tone.wav')
writeFileSync(tone, wav(440, 400))

const spoken: string[] = []
const fetched: string[] = []
const calls = await TestCalls.start({
  speech: {
    render: async (text, { language = '' }) => {
      spoken.push(`${text} ${language}`)
      if (text === '') throw new Error('nothing to say')
      return { file: tone }
    },
  },
  sounds: {
    fetch: async (url) => {
      fetched.push(url)
      if (url.includes('missing')) throw new Error('404')
      return { file: tone }
    },
  },
})
await calls.number(NUMBER)

/** A call whose flow does this once it is answered; gives the phone's side and what the flow was told. */
async function answered(flow: (live: (typeof calls.lives)[number]['live']) => void) {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
    if (input.type === 'answered') flow(live)
  }
  const call = await (await calls.phone('somebody')).call(NUMBER)
  const inputs = calls.lives.at(-1)?.inputs ?? []
  const outcome = () =>
    eventually('the sound ends', () => inputs.find((input) => 'outcome' in input && input.key === 'f:2'))
  return { call, outcome, loud: () => call.sound.loudness().filter((each) => each > 0.05).length }
}

test('what the flow says is heard to its end', async () => {
  const { call, outcome, loud } = await answered((live) => live.say('f:2', 'Welcome', { language: 'en-US' }))
  assert.deepEqual(await outcome(), { type: 'played', key: 'f:2', outcome: 'finished' })
  assert.ok(loud() >= 15 && loud() <= 22, `20 packets of tone, heard ${loud()}`)
  assert.ok(spoken.includes('Welcome en-US'))
  await call.hangUp()
})

test('files are fetched and heard one after the other; one that cannot be had is passed over', async () => {
  const urls = ['http://x/a.wav', 'http://x/missing.wav', 'http://x/b.wav']
  const { call, outcome, loud } = await answered((live) => live.play('f:2', urls))
  assert.deepEqual(await outcome(), { type: 'played', key: 'f:2', outcome: 'finished' })
  assert.deepEqual(fetched.slice(-3), urls)
  assert.ok(loud() >= 34, `40 packets of tone, heard ${loud()}`)
  await call.hangUp()
})

test('speech and files that cannot be had at all fail with their reason, and the call lives', async () => {
  const silent = await answered((live) => live.say('f:2', ''))
  assert.deepEqual(await silent.outcome(), { type: 'played', key: 'f:2', outcome: 'failed', reason: 'nothing to say' })
  await silent.call.hangUp()
  const missing = await answered((live) => live.play('f:2', ['http://x/missing.wav']))
  assert.deepEqual(await missing.outcome(), { type: 'played', key: 'f:2', outcome: 'failed', reason: '404' })
  assert.equal((await missing.call.hangUp()).status, 200)
})

test('a file that is no sound has failed', async () => {
  const text = join(folder, 'text.wav')
  writeFileSync(text, 'no sound')
  const { call, outcome } = await answered((live) => live.playPrompt('f:2', [text]))
  const end = await outcome()
  assert.equal('outcome' in end && end.outcome, 'failed')
  await call.hangUp()
})

test('a sound is cut off by a command, and says so', async () => {
  const { call, outcome } = await answered((live) => {
    live.playPrompt('f:2', [tone])
    live.stopPlaying()
  })
  assert.deepEqual(await outcome(), { type: 'played', key: 'f:2', outcome: 'stopped' })
  await call.hangUp()
})

test('a key that the phone reports by RFC 4733 and by INFO at once is one press', async () => {
  const { call } = await answered(() => {})
  const inputs = calls.lives.at(-1)?.inputs ?? []
  await call.sound.sendTone(440, 10)
  const info = call.request('INFO', [], 'Signal=5\r\nDuration=100\r\n', 'application/dtmf-relay')
  await Promise.all([call.sound.press('5'), info])
  await call.sound.press('6')
  await eventually('the next key is heard', () => inputs.some((input) => input.type === 'digit' && input.digit === '6'))
  assert.deepEqual(
    inputs.flatMap((input) => (input.type === 'digit' ? [input.digit] : [])),
    ['5', '6'],
  )
  await call.hangUp()
})

test('a flow that throws loses its input, not its call', async () => {
  const { call } = await answered(() => {
    throw new Error('a fault in the flow')
  })
  assert.equal((await call.hangUp()).status, 200)
})

test("a customer who may not call any more loses the live calls, and nobody else's; how a call ended can be asked", async () => {
  const { call } = await answered(() => {})
  const id = calls.lives.at(-1)?.live.id ?? ''
  assert.equal(await calls.engine.hangupReasonOf(calls.customer, id), undefined, 'it lives')
  calls.engine.endAll(await calls.otherCustomer())
  assert.equal(call.bye, undefined)
  calls.engine.endAll(calls.customer)
  await eventually('the phone got a BYE', () => call.bye)
  await eventually('it is over', () => calls.engine.size === 0)
  assert.equal(await calls.engine.hangupReasonOf(calls.customer, id), 'normal')
  assert.equal(await calls.engine.hangupReasonOf(await calls.otherCustomer(), id), undefined)
})

/** A WAV file of a sine: 8 kHz, 16 bit, mono. */
function wav(hz: number, ms: number): Buffer {
  const samples = ms * 8
  const data = Buffer.alloc(samples * 2)
  for (let at = 0; at < samples; at++)
    data.writeInt16LE(Math.round(9_000 * Math.sin((2 * Math.PI * hz * at) / 8_000)), at * 2)
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + data.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(8_000, 24)
  head.writeUInt32LE(16_000, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(data.length, 40)
  return Buffer.concat([head, data])
}
