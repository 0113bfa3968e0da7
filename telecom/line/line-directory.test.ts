import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineDirectory } from './line-directory.ts'
import { dialled, lines, reply, talking } from './test-lines.ts'

const of = ({ call_id, local_tag, remote_tag }: { call_id: string; local_tag: string; remote_tag: string }) => ({
  call_id,
  to_tag: local_tag,
  from_tag: remote_tag,
  early_only: false,
})

test('a line is found by its dialog for as long as it lives, and by nothing else', async (t) => {
  const at = await lines(t)
  const { directory } = at
  const leg = await talking(at)
  const wanted = of(leg.line.dialog)
  assert.deepEqual(directory.find(wanted), { line: leg.line, early: false })
  assert.deepEqual(directory.find({ ...wanted, early_only: true }), { status: 486 })
  for (const wrong of [{ call_id: 'x' }, { to_tag: 'x' }, { from_tag: 'x' }])
    assert.deepEqual(directory.find({ ...wanted, ...wrong }), { status: 481 })
  leg.line.hangup(16)
  await reply(at.phone, await at.phone.request('BYE'), 200)
  await leg.told('ended')
  assert.deepEqual(directory.find(wanted), { status: 481 })
  assert.equal(directory.size, 0)
})

test('a call of ours that rings may be taken over; one that its phone began may not before it is answered', async (t) => {
  const at = await lines(t)
  const { directory } = at
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await leg.told('ringing')
  const wanted = of(leg.line.dialog)
  assert.deepEqual(directory.find(wanted), { line: leg.line, early: true })
  assert.deepEqual(directory.find({ ...wanted, early_only: true }), { line: leg.line, early: true })
  const fake = (parts: object) => ({ id: 'l', ended: false, answered: false, ...parts, dialog: leg.line.dialog })
  const theirs = { ...fake({}), dialog: { ...leg.line.dialog, local_tag: 'x', role: 'uas' as const } }
  const over = { ...fake({ ended: true }), dialog: { ...leg.line.dialog, local_tag: 'y' } }
  const others = new LineDirectory<typeof theirs | typeof over>()
  others.add(theirs)
  others.add(over)
  assert.deepEqual(others.find({ ...wanted, to_tag: 'x' }), { status: 481 })
  assert.deepEqual(others.find({ ...wanted, to_tag: 'y' }), { status: 603 })
  leg.line.hangup(16)
  await reply(at.phone, await at.phone.request('CANCEL'), 200)
  await reply(at.phone, leg.invite, 487, { tag: 'b1' })
  await leg.told('ended')
})
