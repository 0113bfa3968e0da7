import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemIds } from '#platform/ids'
import { NO_CAPTURES } from './capture-budget.ts'
import { Captures } from './captures.ts'

const KB = 1024
const LIMITS = { perCall: 100 * KB, perCustomerAndDay: 250 * KB, total: 500 * KB }
const [ANN, BOB, EVE] = [systemIds.uuid(), systemIds.uuid(), systemIds.uuid()] as const
const [MONDAY, TUESDAY] = ['2026-01-05', '2026-01-06'] as const

async function testCaptures(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'captures-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const open = async (limits = LIMITS) => {
    const captures = new Captures(folder, limits)
    await captures.measure()
    return captures
  }
  return { folder, open }
}

/** How much a capture may take, or why there is none. */
function begin(captures: Captures, customer_id: string, day: string = MONDAY) {
  const made = captures.make({ day, customer_id, call_id: systemIds.uuid() })
  return made === undefined || typeof made === 'string' ? made : made.target.maxBytes / KB
}

/** A capture that is over and took so much. */
async function whole(captures: Captures, customer_id: string, bytes: number, day: string = MONDAY) {
  const made = captures.make({ day, customer_id, call_id: systemIds.uuid() })
  assert.ok(made && typeof made === 'object')
  await writeFile(made.target.file, Buffer.alloc(bytes))
  await captures.settle(made.name)
  return made
}

test('captures of one customer that begin on one day share what he may have, the last one gets the rest', async (t) => {
  const { open } = await testCaptures(t)
  const captures = await open()
  assert.deepEqual(
    [begin(captures, ANN), begin(captures, ANN), begin(captures, ANN), begin(captures, ANN)],
    [100, 100, 50, 'customer_used_up'],
  )
  assert.equal(begin(captures, ANN, TUESDAY), 100, 'the next day is another one')
  assert.equal(begin(captures, BOB), 100, 'and so is another customer')
})

test('all captures together take no more than they may', async (t) => {
  const { open } = await testCaptures(t)
  const captures = await open()
  for (const customer of [ANN, ANN, BOB, BOB, EVE]) assert.equal(begin(captures, customer), 100)
  assert.equal(begin(captures, EVE), 'total_used_up')
})

test('a capture that is over counts as what it took, a tiny one as a little more', async (t) => {
  const { open } = await testCaptures(t)
  const captures = await open()
  for (let n = 0; n < 10; n++) await whole(captures, ANN, 100)
  assert.equal(begin(captures, ANN), 250 - 160)
  await whole(captures, BOB, 100 * KB)
  await whole(captures, BOB, 100 * KB)
  assert.equal(begin(captures, BOB), 50)
})

test('what was captured counts after a restart, too, and before it is counted nothing is captured', async (t) => {
  const { folder, open } = await testCaptures(t)
  await whole(await open(), ANN, 100 * KB)
  await whole(await open(), ANN, 100 * KB)
  assert.equal(begin(await open(), ANN), 50)
  assert.equal(begin(new Captures(folder, LIMITS), BOB), 'not_possible')
})

test('what is forgotten makes room again, and is read as nothing', async (t) => {
  const { folder, open } = await testCaptures(t)
  const captures = await open({ ...LIMITS, total: 100 * KB })
  const made = await whole(captures, ANN, 100 * KB)
  assert.equal((await captures.read(made.name)).length, 100 * KB)
  assert.equal(begin(captures, ANN, TUESDAY), 'total_used_up')
  await new Captures(folder, LIMITS).forgetBefore(TUESDAY)
  assert.equal(begin(captures, ANN, TUESDAY), 'total_used_up')
  await captures.recount()
  assert.equal(begin(captures, ANN, TUESDAY), 100)
  assert.equal((await captures.read(made.name)).length, 0)
})

test('where sound is not captured nothing is, and a disk that is not ours costs no call', async (t) => {
  const { folder, open } = await testCaptures(t)
  assert.equal(begin(await open(NO_CAPTURES), ANN), undefined)
  const captures = new Captures(join(folder, 'none'), LIMITS)
  await captures.measure()
  await writeFile(join(folder, 'none'), '')
  for (let n = 0; n < 10; n++) assert.equal(begin(captures, ANN), 'not_possible', 'and what was held is given back')
})
