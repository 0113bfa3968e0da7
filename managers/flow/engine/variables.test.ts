import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  firstVariables,
  injectionFaults,
  readVariable,
  writable,
  writableByPlatform,
  writeRefusal,
} from './variables.ts'

const platform = { 'voipbin.activeflow.id': 'id' }

test('the parent comes first, then what was brought in, then the platform', () => {
  const { variables } = firstVariables({
    inherited: { a: 'parent', b: 'parent', 'voipbin.call.id': 'call', 'voipbin.activeflow.id': 'parent' },
    injected: { a: 'mine' },
    platform,
  })
  assert.deepEqual(variables, { a: 'mine', b: 'parent', 'voipbin.call.id': 'call', 'voipbin.activeflow.id': 'id' })
})

test('a name of the platform, or an empty one, cannot be brought in, and the drop is told', () => {
  const { variables, dropped } = firstVariables({
    injected: { 'VoipBin.call.id': 'x', ' ': 'x', ok: '1' },
    platform,
  })
  assert.deepEqual(variables, { ok: '1', ...platform })
  assert.deepEqual(dropped, ['VoipBin.call.id', ' '])
})

test('when all of it is too large together, what was brought in is left out', () => {
  const inherited = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`n${at}`, 'x'.repeat(32_000)]))
  const { variables, dropped } = firstVariables({ inherited, injected: { more: 'y'.repeat(20_000) }, platform })
  assert.equal(variables.more, undefined)
  assert.equal(variables.n0?.length, 32_000)
  assert.deepEqual(dropped, ['more'])
})

test('a hundred variables, 32 KiB each and 64 KiB in all are the most', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`v${at}`, '']))
  assert.deepEqual(injectionFaults(many(100)), [])
  assert.equal(injectionFaults(many(101)).length, 1)
  assert.deepEqual(injectionFaults({ v: 'x'.repeat(32 * 1024) }), [])
  assert.deepEqual(
    injectionFaults({ v: 'ü'.repeat(16 * 1024 + 1) }).map(({ name }) => name),
    ['v'],
  )
  assert.equal(injectionFaults({ a: 'x'.repeat(32_768), b: 'x'.repeat(32_768) }).length, 1)
})

const refusals: [string, string, string, string | undefined][] = [
  ['an own name may be written', 'mine', 'x', undefined],
  ['the digits may be written', 'voipbin.call.digits', '12', undefined],
  ['the voice may be chosen', 'voipbin.tts.gcp.voice_id', 'v', undefined],
  ['other names of the platform may not', 'voipbin.call.id', 'x', 'variable_reserved: voipbin.call.id'],
  ['in no letter case', 'VOIPBIN.x', 'x', 'variable_reserved: VOIPBIN.x'],
  ['a name is needed', ' ', 'x', 'variable_name_empty'],
  ['a value has its limit', 'big', 'x'.repeat(32 * 1024 + 1), 'variable_too_large: big'],
]
for (const [promise, name, value, expected] of refusals)
  test(promise, () => assert.equal(writeRefusal({}, name, value), expected))

test('the map as a whole has its limit, and replacing a value by one as long is always possible', () => {
  const full = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`${at}`, 'x'.repeat(32 * 1024 - 1)]))
  assert.equal(writeRefusal(full, 'one', 'more'), 'variables_full')
  assert.equal(writeRefusal(full, '0', 'y'.repeat(32 * 1024 - 1)), undefined)
})

test('a value goes into JSON text escaped, when its name says |json; a variable of that very name comes first', () => {
  const lookup = (variables: Record<string, string>) => (name: string) => variables[name]
  const quote = 'say "hi"\n'
  assert.equal(readVariable('a|json', lookup({ a: quote })), 'say \\"hi\\"\\n')
  assert.equal(readVariable('a|json', lookup({ a: quote, 'a|json': 'mine' })), 'mine')
  assert.equal(readVariable('nobody|json', lookup({ a: quote })), undefined)
})

test('the message that began a flow is known by the short name too', () => {
  const lookup = (name: string) => (name === 'voipbin.conversation_message.text' ? 'hello' : undefined)
  assert.equal(readVariable('voipbin.message.text', lookup), 'hello')
  assert.equal(readVariable('voipbin.message.text|json', lookup), 'hello')
  assert.equal(readVariable('voipbin.message.id', lookup), undefined)
})

const numbered = (count: number, value = '') =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`v${at}`, value]))

test('a thousand variables are the most, whoever writes them; those that are there may still change', () => {
  for (const write of [writable, writableByPlatform]) {
    const { set, dropped } = write(numbered(900), Object.entries(numbered(40_000, 'x')))
    assert.equal(Object.keys(set).length, 1_000)
    assert.equal(dropped.length, 39_000)
    assert.equal(dropped[0], 'v1000')
  }
  assert.equal(writeRefusal(numbered(1_000), 'one more', ''), 'variables_full')
  assert.equal(writeRefusal(numbered(1_000), 'v0', 'x'), undefined)
  assert.deepEqual(firstVariables({ inherited: numbered(999), injected: { a: '', b: '' }, platform }).dropped, [
    'a',
    'b',
  ])
})

test('the platform writes names of its own, within the same bounds', () => {
  const values = { 'voipbin.queue.id': 'q', large: 'x'.repeat(32 * 1024 + 1) }
  assert.deepEqual(writableByPlatform({}, Object.entries(values)), {
    set: { 'voipbin.queue.id': 'q' },
    dropped: ['large'],
  })
})

test('a name asks for a text inside a text at most three times: each time may double it', () => {
  const lookup = (name: string) => (name === 'a' ? '"' : undefined)
  assert.equal(readVariable('a|json|json', lookup), '\\\\\\"')
  assert.equal(readVariable(`a${'|json'.repeat(4)}`, lookup), undefined)
  assert.equal(readVariable(`a${'|json'.repeat(100_000)}`, lookup), undefined)
})
