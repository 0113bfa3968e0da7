import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { type Answer, assertReason, eventually, type Json, readZip, TestCalls } from '#testkit'

const NUMBER = '+899007000002'
const calls = await TestCalls.start()
await calls.number(NUMBER)
const api = await calls.api()
const mine = api(calls.customer)
const FILES = '/v1.0/storage_files'

/** A recording that is over, whose files are where the call role wrote them. */
async function endedRecording(wanted: object = {}): Promise<{ id: string; paths: string[] }> {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const phone = await (await calls.phone('somebody')).call(NUMBER)
  const call = calls.lives.at(-1)?.live.id ?? ''
  const { body } = await mine.post(`/v1.0/calls/${call}/recording_start`, wanted)
  const id: string = body.recording_id
  await phone.hangUp()
  await eventually('it has ended', async () => (await mine.get(`/v1.0/recordings/${id}`)).body.status === 'ended')
  const asked = calls.recorder.asked.at(-1)
  return { id, paths: [asked?.in ?? '', asked?.out ?? ''] }
}

const filesOf = async (id: string): Promise<Json[]> =>
  (await mine.get(`${FILES}?reference_type=recording&reference_id=${id}`)).body.result

const account = async () => (await mine.get('/v1.0/storage_account')).body

async function zipOf(answer: Answer): Promise<Map<string, Buffer>> {
  assert.equal(answer.status, 307, answer.text)
  const response = await fetch(calls.url + answer.headers.get('location'))
  assert.equal(response.status, 200)
  return readZip(Buffer.from(await response.arrayBuffer()))
}

test('what a recording wrote becomes files: listed, counted, and downloaded as before', async () => {
  const { id } = await endedRecording()
  const before = await zipOf(await mine.get(`/v1.0/recordingfiles/${id}`))
  const { total_file_count, total_file_size } = await account()
  await calls.recordingKeeper.run()
  const { checksums } = (await mine.get(`/v1.0/recordings/${id}`)).body
  assert.deepEqual(
    checksums,
    [...before].map(([filename, octets]) => ({ filename, sha256: createHash('sha256').update(octets).digest('hex') })),
  )
  const files = await filesOf(id)
  assert.deepEqual(files.map(({ filename }) => filename).sort(), [...before.keys()].sort())
  for (const file of files) {
    assert.deepEqual(
      [file.type, file.reference_type, file.reference_id, file.name, file.content_type, file.customer_id],
      ['recording', 'recording', id, 'recording file', 'audio/wav', calls.customer],
    )
    const one = await fetch(calls.url + file.uri_download)
    assert.deepEqual(Buffer.from(await one.arrayBuffer()), before.get(file.filename))
  }
  const counted = await account()
  assert.equal(counted.total_file_count, total_file_count + 2)
  assert.equal(counted.total_file_size, total_file_size + 2 * (44 + 32_000))
  assert.deepEqual(await zipOf(await mine.get(`/v1.0/recordingfiles/${id}`)), before)
  const created = (await calls.events(calls.customer, 'file')).filter(
    ({ type, data }) => type === 'file_created' && data.reference_id === id,
  )
  assert.equal(created.length, 2)
})

test('an MP3 is made of what was written; until then there is nothing to fetch, and afterwards nothing else is kept', async () => {
  const { id, paths } = await endedRecording({ format: 'mp3' })
  const file = `/v1.0/recordingfiles/${id}`
  assertReason(await mine.get(file), 409, 'STATE_INVALID')
  assert.equal('size' in (await mine.get(`/v1.0/recordings/${id}`)).body, false)
  await calls.recordingKeeper.run()
  const files = await filesOf(id)
  assert.deepEqual(
    files.map(({ content_type, filename }) => [content_type, filename.slice(-4)]),
    [
      ['audio/mpeg', '.mp3'],
      ['audio/mpeg', '.mp3'],
    ],
  )
  const { body } = await mine.get(`/v1.0/recordings/${id}`)
  assert.equal(
    body.size,
    files.reduce((sum, { filesize }) => sum + filesize, 0),
  )
  assert.ok(paths.every((path) => !existsSync(path)))
  const zip = await zipOf(await mine.get(file))
  assert.deepEqual([...zip.keys()].sort(), files.map(({ filename }) => filename).sort())
  assertReason(await mine.get(`${file}?format=wav`), 400, 'INVALID_ARGUMENT')
  const location = (await mine.get(file)).headers.get('location')
  const asWav = await fetch(`${calls.url}${location}&format=wav`)
  assert.equal(asWav.headers.get('content-type'), 'application/zip', 'nothing is mixed that is no WAV')
})

test('what cannot be made an MP3 is left as it was written, and tried again', async () => {
  const { id, paths } = await endedRecording({ format: 'mp3' })
  const [incoming = ''] = paths
  mkdirSync(incoming.replace(/wav$/, 'mp3')) // nothing can be put in its place
  await calls.recordingKeeper.run()
  assert.deepEqual(await filesOf(id), [])
  assert.ok(paths.every((path) => existsSync(path)))
  rmdirSync(incoming.replace(/wav$/, 'mp3'))
  await calls.recordingKeeper.run()
  assert.equal((await filesOf(id)).length, 2)
})

test('it is done once, by however many nodes at once', async () => {
  const { id } = await endedRecording()
  await Promise.all([calls.recordingKeeper.run(), calls.recordingKeeper.run(), calls.recordingKeeper.run()])
  await calls.recordingKeeper.run()
  assert.equal((await filesOf(id)).length, 2)
})

test('deleting a recording deletes its files, their octets and their count', async () => {
  const before = await account()
  const { id, paths } = await endedRecording()
  await calls.recordingKeeper.run()
  const [file] = await filesOf(id)
  assert.equal((await mine.delete(`/v1.0/recordings/${id}`)).status, 200)
  assert.ok(paths.every((path) => !existsSync(path)))
  assert.deepEqual(await filesOf(id), [])
  assertReason(await mine.get(`${FILES}/${file?.id}`), 404, 'FILE_NOT_FOUND', 'storage-manager')
  assert.equal((await account()).total_file_size, before.total_file_size)
  const types = (await calls.events(calls.customer, 'file')).filter(({ data }) => data.reference_id === id)
  assert.equal(types.filter(({ type }) => type === 'file_deleted').length, 2)
})

test('a recording that is deleted before it is kept is never kept', async () => {
  const { id } = await endedRecording()
  assert.equal((await mine.delete(`/v1.0/recordings/${id}`)).status, 200)
  await calls.recordingKeeper.run()
  assert.deepEqual(await filesOf(id), [])
})

test('one of its files may be deleted by itself; when none is left there is nothing to download', async () => {
  const { id } = await endedRecording()
  await calls.recordingKeeper.run()
  const [one, other] = await filesOf(id)
  await mine.delete(`${FILES}/${one?.id}`)
  assert.deepEqual([...(await zipOf(await mine.get(`/v1.0/recordingfiles/${id}`))).keys()], [other?.filename])
  await mine.delete(`${FILES}/${other?.id}`)
  assertReason(await mine.get(`/v1.0/recordingfiles/${id}`), 404, 'FILE_NOT_FOUND', 'storage-manager')
})

test('a recording without any sound on the disk is kept as nothing, and does not come up again', async () => {
  const { id, paths } = await endedRecording()
  for (const path of paths) rmSync(path)
  await calls.recordingKeeper.run()
  assert.deepEqual(await filesOf(id), [])
  const due = await calls.db.query('select 1 from recordings where id = $1 and tm_stored is null', [id])
  assert.equal(due.length, 0)
})

test('what was recorded is kept also beyond the quota; then nothing new is recorded: RESOURCE_LIMIT_EXCEEDED', async () => {
  const { id } = await endedRecording()
  const { total_file_size } = await account()
  await calls.db.query('update storage_accounts set quota_size = $1', [total_file_size + 1])
  await calls.recordingKeeper.run()
  assert.equal((await filesOf(id)).length, 2)
  const phone = await (await calls.phone('somebody')).call(NUMBER)
  const call = calls.lives.at(-1)?.live.id ?? ''
  const refused = await mine.post(`/v1.0/calls/${call}/recording_start`)
  assertReason(refused, 429, 'RESOURCE_LIMIT_EXCEEDED', 'storage-manager')
  assert.equal(refused.body.error.details[0].limit, total_file_size + 1)
  await calls.db.query('update storage_accounts set quota_size = quota_size * 100')
  assert.equal((await mine.post(`/v1.0/calls/${call}/recording_start`)).status, 200)
  await phone.hangUp()
})

test('what ended while nobody looked is kept after the next start', async () => {
  const { id } = await endedRecording()
  calls.recordingKeeper.start()
  await eventually('it is kept', async () => (await filesOf(id)).length === 2 || undefined)
  await calls.recordingKeeper.stop()
})
