import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import { CommandDoor, threadHub } from './index.ts'
import { teaErrors, teaReasons } from './testing/worker.ts'

function door(options: { remember?: number; rememberMs?: number } = {}) {
  const clock = new ManualClock()
  const bus = threadHub({ clock, log: silentLog, reasons: teaReasons })
  return { clock, bus, door: new CommandDoor({ bus, clock, ...options }) }
}

const brew = { id: 'command-1', type: 'brew' }
const soon = { deadlineMs: 1_000 }

test('a repeated command is carried out once and gets the first answer, also while the first is under way', async () => {
  const { door: commands } = door()
  let brewed = 0
  commands.answer('tea', async () => ({ cups: ++brewed }))
  const both = await Promise.all([commands.ask('tea', brew, soon), commands.ask('tea', brew, soon)])
  assert.deepEqual([...both, await commands.ask('tea', brew, soon)], [{ cups: 1 }, { cups: 1 }, { cups: 1 }])
})

test('a refusal is an answer too: the repeat is refused alike', async () => {
  const { door: commands } = door()
  let asked = 0
  commands.answer('tea', () => {
    throw teaErrors.TEA_NOT_FOUND({ tea_id: String(++asked) })
  })
  for (let count = 0; count < 2; count++)
    await assert.rejects(commands.ask('tea', brew, soon), { message: 'There is no tea 1.' })
})

test('a command that failed for no declared reason can be tried again', async () => {
  const { door: commands } = door()
  let asked = 0
  commands.answer('tea', () => {
    if (++asked === 1) throw new Error('no water')
    return 'tea'
  })
  await assert.rejects(commands.ask('tea', brew, soon))
  assert.equal(await commands.ask('tea', brew, soon), 'tea')
})

test('what is remembered is bounded in number and in time', async () => {
  const { door: commands, clock } = door({ remember: 3, rememberMs: 10_000 })
  commands.answer('tea', () => 'tea')
  for (let count = 0; count < 10; count++) await commands.ask('tea', { id: `command-${count}`, type: 'brew' }, soon)
  assert.equal(commands.remembered, 3)
  clock.advance(10_001)
  await commands.ask('tea', { id: 'command-later', type: 'brew' }, soon)
  assert.equal(commands.remembered, 1)
})

test('what is no command is not carried out', async () => {
  const { door: commands, bus } = door()
  let asked = 0
  commands.answer('tea', () => ++asked)
  for (const body of [null, 'brew', { type: 'brew' }, { id: 7, type: 'brew' }])
    await assert.rejects(bus.request('tea', body, soon))
  assert.equal(asked, 0)
})
