import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordedMessage } from './call-record.ts'
import { MessageRing, MOST_BYTES, MOST_MESSAGES } from './message-ring.ts'
import { packRecord, unpackRecord } from './record-codec.ts'

const end = { address: '192.0.2.1', port: 5060 }
const message = (text: string, more: Partial<RecordedMessage> = {}): RecordedMessage => ({
  ...{ at: 1, direction: 'in', transport: 'udp', local: end, remote: end, text },
  ...more,
})

test('of a call with too many messages the first and the last ones are kept, and the rest is counted', () => {
  const ring = new MessageRing()
  for (let n = 0; n < 1_000; n++) ring.add(message(`message ${n}`))
  const texts = ring.messages.map(({ text }) => text)
  assert.equal(texts.length, MOST_MESSAGES)
  assert.equal(texts[0], 'message 0')
  assert.equal(texts[99], 'message 99')
  assert.equal(texts[100], 'message 900')
  assert.equal(texts.at(-1), 'message 999')
  assert.equal(ring.dropped, 800)
})

test('long messages are bounded by their bytes', () => {
  const ring = new MessageRing()
  for (let n = 0; n < 100; n++) ring.add(message(`${n}`.padEnd(8_000, 'x')))
  const bytes = ring.messages.reduce((sum, { text }) => sum + text.length, 0)
  assert.ok(bytes <= MOST_BYTES && bytes > MOST_BYTES / 2, String(bytes))
  assert.equal(ring.messages.length + ring.dropped, 100)
  assert.match(ring.messages.at(-1)?.text ?? '', /^99x/)
})

test('a repetition is known as such by its direction and text, and costs no bytes in what is written', async () => {
  const ring = new MessageRing()
  ring.add(message('INVITE'))
  ring.add(message('INVITE', { direction: 'out' }))
  ring.add(message('INVITE', { at: 2 }))
  assert.deepEqual(
    ring.messages.map(({ again }) => again),
    [undefined, undefined, true],
  )
  const record = {
    ...{ call_id: 'c', customer_id: 'd', rule: null, facts: [], capture: '', dropped: { messages: 0, facts: 0 } },
    messages: ring.messages,
  }
  assert.deepEqual(unpackRecord(await packRecord(record)), record)
})

test('a message is masked once, whoever asks how often, and its repetitions with it', () => {
  const ring = new MessageRing()
  const text = 'INVITE sip:a:secret@b SIP/2.0\r\n\r\n'
  ring.add(message(text))
  ring.add(message(text, { at: 2 }))
  const once = ring.messages
  assert.deepEqual(
    once.map((each) => each.text),
    Array(2).fill('INVITE sip:a:******@b SIP/2.0\r\n\r\n'),
  )
  ring.add(message(text, { at: 3 }))
  const again = ring.messages
  assert.equal(again[0], once[0])
  assert.equal(again[1], once[1])
  assert.deepEqual([again[2]?.at, again[2]?.again, again[2]?.text], [3, true, once[0]?.text])
})
