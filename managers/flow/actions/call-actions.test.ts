import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DIGITS } from '../engine/variables.ts'
import { action, uuid, VirtualFlow } from '../testing/virtual-flow.ts'

/** An execution on a call that rings. */
const ringing = (actions: ReturnType<typeof action>[]) =>
  new VirtualFlow(actions, { call: { answered: false, over: false } }).start()
/** An execution on an answered call. */
const answered = (actions: ReturnType<typeof action>[], variables: Record<string, string> = {}) =>
  new VirtualFlow(actions, { bound: variables }).start()
const end = action(99, 'sleep', { duration: 1_000_000 })
const digits = (flow: VirtualFlow) => flow.state.variables[DIGITS]
const isAtEnd = (flow: VirtualFlow) => flow.state.current.id === uuid(99)

test('answer answers a ringing call and goes on when it is answered', () => {
  const flow = ringing([action(1, 'answer'), end])
  assert.deepEqual(flow.types, ['answer'])
  flow.take({ type: 'answered', key: flow.last('answer').key })
  assert.ok(isAtEnd(flow))
})

test('answer does nothing on an answered call', () => {
  assert.deepEqual(answered([action(1, 'answer'), end]).types, ['timer'])
})

test('talk answers first, speaks as told, and goes on when it has been heard', () => {
  const option = { text: 'Hello', language: 'en-GB', provider: '', gender: 'female' }
  const flow = ringing([action(1, 'talk', option), end])
  assert.deepEqual(flow.types, ['answer'])
  flow.take({ type: 'answered', key: flow.last('answer').key })
  assert.deepEqual(flow.last('say').text, 'Hello')
  assert.deepEqual(flow.last('say').voice, { language: 'en-GB', gender: 'female' })
  flow.heard()
  assert.ok(isAtEnd(flow))
})

test('talk keeps speaking when a key is pressed, and remembers the last one', () => {
  const flow = answered([action(1, 'talk', { text: 'Hello' }), end])
  flow.press('12')
  assert.equal(digits(flow), '2')
  assert.deepEqual(flow.types, ['say'])
})

test('talk with digits_handle next stops at a key and goes on at once', () => {
  const flow = answered([action(1, 'talk', { text: 'Hello', digits_handle: 'next' }), end])
  flow.press('5')
  assert.deepEqual(flow.types, ['say', 'stop_playing', 'timer'])
  assert.equal(digits(flow), '5')
  assert.equal(flow.take({ type: 'played', key: flow.last('say').key, outcome: 'stopped' }), false)
})

test('talk with async goes on while it speaks', () => {
  const flow = answered([action(1, 'talk', { text: 'Hello', async: true }), end])
  assert.ok(isAtEnd(flow))
  assert.equal(flow.heard(), false)
})

test('talk without words says nothing', () => {
  assert.deepEqual(answered([action(1, 'talk', { text: ' ' }), end]).types, ['timer'])
})

test('a voice that fails is noted, and the next action comes', () => {
  const flow = answered([action(1, 'talk', { text: 'Hello' }), end])
  flow.heard('failed')
  assert.ok(isAtEnd(flow))
  assert.equal(flow.moves[1]?.executed?.cause, 'playback_failed: gone')
})

test('play does not answer, plays all files and goes on when they have been heard', () => {
  const urls = ['https://example.com/a.wav', 'http://example.com/b.wav']
  const flow = ringing([action(1, 'play', { stream_urls: urls }), end])
  assert.deepEqual(flow.last('play').sources, urls)
  assert.deepEqual(flow.types, ['play'])
  flow.press('3')
  assert.equal(digits(flow), '3')
  flow.heard()
  assert.ok(isAtEnd(flow))
})

test('play reads no file of the machine, whatever a variable says', () => {
  const flow = answered([action(1, 'play', { stream_urls: [''.concat('$', '{file}')] }), end], { file: '/etc/passwd' })
  assert.deepEqual(flow.types, ['timer'])
  assert.match(flow.moves[1]?.executed?.cause ?? '', /^option_invalid: stream_urls\/0/)
})

test('beep goes on when it has been heard', () => {
  const flow = answered([action(1, 'beep'), end])
  assert.deepEqual(flow.types, ['beep'])
  flow.heard()
  assert.ok(isAtEnd(flow))
})

test('sleep on a call keeps the last key that was pressed meanwhile', () => {
  const flow = answered([action(1, 'sleep', { duration: 500 }), end])
  flow.press('78')
  flow.clock.advance(500)
  assert.ok(isAtEnd(flow))
  assert.equal(digits(flow), '8')
})

test('digits_receive ends with as many digits as asked for', () => {
  const flow = answered([action(1, 'digits_receive', { duration: 10_000, length: 3 }), end])
  flow.press('12')
  assert.ok(!isAtEnd(flow))
  flow.press('3')
  assert.ok(isAtEnd(flow))
  assert.equal(digits(flow), '123')
})

test('digits_receive ends with any of its keys, which is not kept', () => {
  const flow = answered([action(1, 'digits_receive', { duration: 10_000, key: '*#' }), end])
  flow.press('12#')
  assert.ok(isAtEnd(flow))
  assert.equal(digits(flow), '12')
})

test('digits_receive waits so long in all, not after each digit', () => {
  const flow = answered([action(1, 'digits_receive', { duration: 1_000 }), end])
  flow.clock.advance(900)
  flow.press('1')
  flow.clock.advance(99)
  assert.ok(!isAtEnd(flow))
  flow.clock.advance(1)
  assert.ok(isAtEnd(flow))
  assert.equal(digits(flow), '1')
})

test('digits that were pressed before count', () => {
  const before = { [DIGITS]: '7' }
  assert.ok(isAtEnd(answered([action(1, 'digits_receive', { duration: 9_000, length: 1 }), end], before)))
  const more = answered([action(1, 'digits_receive', { duration: 9_000, length: 2 }), end], before)
  more.press('8')
  assert.equal(digits(more), '78')
})

test('an ending key that was pressed before ends it, with what came before the key', () => {
  const flow = answered([action(1, 'digits_receive', { duration: 9_000, key: '#' }), end], { [DIGITS]: '12#4' })
  assert.ok(isAtEnd(flow))
  assert.equal(digits(flow), '12')
})

test('digits_receive without a duration does not wait', () => {
  assert.ok(isAtEnd(answered([action(1, 'digits_receive', { length: 2 }), end])))
})

test('digits_send sends and goes on when they are sent', () => {
  const flow = answered([action(1, 'digits_send', { digits: '12#', duration: 200, interval: 50 }), end])
  const { digits, duration_ms, interval_ms, key } = flow.last('send_digits')
  assert.deepEqual({ digits, duration_ms, interval_ms }, { digits: '12#', duration_ms: 200, interval_ms: 50 })
  flow.take({ type: 'digits_sent', key, outcome: 'finished' })
  assert.ok(isAtEnd(flow))
})

test('digits_send with nothing to send goes on', () => {
  assert.ok(isAtEnd(answered([action(1, 'digits_send', { digits: '' }), end])))
})

for (const [option, expected] of [
  [{ duration: 20_000 }, 20_000],
  [{ duration: 0 }, 180_000],
  [{}, 180_000],
  [{ duration: -1 }, 180_000],
] as const)
  test(`echo ${JSON.stringify(option)} lasts ${expected} ms`, () => {
    const flow = answered([action(1, 'echo', option), end])
    assert.equal(flow.last('echo').duration_ms, expected)
    flow.take({ type: 'echoed', key: flow.last('echo').key, outcome: 'finished' })
    assert.ok(isAtEnd(flow))
  })

for (const [given, reason] of [
  [undefined, 'normal'],
  ['busy', 'busy'],
  ['nonsense', 'normal'],
  ['toString', 'normal'],
] as const)
  test(`hangup with the reason ${given} ends the call as ${reason}, and the flow with it`, () => {
    const flow = answered([action(1, 'hangup', given === undefined ? {} : { reason: given }), end])
    assert.equal(flow.last('hangup').reason, reason)
    assert.equal(flow.state.status, 'running')
    flow.take({ type: 'hungup' })
    assert.equal(flow.state.ended_reason, 'call_hungup')
  })

test('hangup may take the reason of another call', () => {
  const flow = answered([action(1, 'hangup', { reference_id: uuid(5) }), end])
  assert.equal(flow.last('hangup').reference_id, uuid(5))
})

test('stop ends flow and call', () => {
  const flow = answered([action(1, 'stop'), end])
  assert.equal(flow.state.ended_reason, 'stopped')
  assert.deepEqual(flow.types, ['hangup'])
})

test('once the call is over, what needs it is passed over', () => {
  const flow = new VirtualFlow([action(1, 'talk', { text: 'x' }), end], {
    call: { answered: true, over: true },
  }).start()
  assert.equal(flow.moves[1]?.executed?.cause, 'call_over')
  assert.ok(isAtEnd(flow))
})

for (const [option, digits, holds] of [
  [{ length: 2 }, '12', true],
  [{ length: 3 }, '12', false],
  [{ key: '12' }, '9123', true],
  [{ key: '21' }, '12', false],
  [{ length: 0, key: '' }, '12', false],
] as const)
  test(`condition_call_digits ${JSON.stringify(option)} after ${digits} is ${holds}`, () => {
    const flow = new VirtualFlow(
      [
        action(1, 'condition_call_digits', { ...option, false_target_id: uuid(3) }),
        action(2, 'beep'),
        action(3, 'echo'),
      ],
      { bound: { [DIGITS]: digits } },
    ).start()
    assert.deepEqual(flow.path, [1, holds ? 2 : 3])
  })

for (const [status, holds] of [
  ['progressing', true],
  ['ringing', false],
  [undefined, false],
] as const)
  test(`condition_call_status ${status} of a call in conversation is ${holds}`, () => {
    const option = { ...(status ? { status } : {}), false_target_id: uuid(3) }
    const flow = new VirtualFlow([action(1, 'condition_call_status', option), action(2, 'beep'), action(3, 'echo')], {
      bound: { 'voipbin.call.status': 'progressing' },
    }).start()
    assert.deepEqual(flow.path, [1, holds ? 2 : 3])
  })

test('stream_echo gives keys back too, and lasts as long as it says all the same', () => {
  const flow = new VirtualFlow([action(1, 'stream_echo', { duration: 10_000 }), action(2, 'beep')]).start()
  const echo = flow.last('echo')
  flow.clock.advance(4_000)
  flow.press('5')
  assert.equal(flow.last('send_digits').digits, '5')
  flow.take({ type: 'echoed', key: echo.key, outcome: 'stopped' })
  flow.clock.advance(100)
  flow.take({ type: 'digits_sent', key: flow.last('send_digits').key, outcome: 'finished' })
  assert.equal(flow.last('echo').duration_ms, 5_900)
  assert.equal(flow.state.variables[DIGITS], '5')
  flow.take({ type: 'echoed', key: flow.last('echo').key, outcome: 'finished' })
  assert.deepEqual(flow.path, [1, 2])
})

test('keys that are pressed faster than they are given back do not end stream_echo', () => {
  const flow = new VirtualFlow([action(1, 'stream_echo', { duration: 1_000 }), action(2, 'beep')]).start()
  flow.press('5')
  const first = flow.last('send_digits')
  flow.press('6')
  flow.take({ type: 'digits_sent', key: first.key, outcome: 'stopped' })
  assert.equal(flow.last('send_digits').digits, '6')
  flow.take({ type: 'digits_sent', key: flow.last('send_digits').key, outcome: 'finished' })
  assert.equal(flow.last('echo').duration_ms, 1_000)
})

test('a caller who never stops pressing fills no memory', () => {
  const flow = new VirtualFlow([action(1, 'digits_receive', { duration: 60_000 })]).start()
  flow.press('1'.repeat(1_200))
  assert.equal(flow.state.variables[DIGITS]?.length, 1_000)
})
