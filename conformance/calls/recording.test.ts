import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  databaseProcesses,
  eventually,
  type FakeCall,
  FakePhone,
  familyOf,
  type Json,
  levelAt,
  Platform,
  pause,
  readMp3File,
  readWavFile,
  signalAll,
} from '#testkit'
import { callableFlow } from './sample.ts'

let platform: Platform
let after_flow: string
const phones: FakePhone[] = []

before(async () => {
  platform = await Platform.start()
  const { body } = await platform.api('POST', '/flows', {
    name: 'after a recording',
    detail: '',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the flow engine's own placeholder
    actions: [{ type: 'variable_set', option: { key: 'kept', value: '${voipbin.recording.filenames}' } }],
  })
  after_flow = body.id
})
after(async () => {
  for (const phone of phones) phone.close()
  await platform?.stop()
})

/** A call to a number whose flow does this; gives the phone's side and the call's id. */
async function callInto(actions: object[]): Promise<{ call: FakeCall; id: string }> {
  const number = await callableFlow(platform, actions)
  const phone = await FakePhone.start({ server: platform.sip, user: 'somebody' })
  phones.push(phone)
  const call = await phone.call(number)
  assert.equal(call.status, 200)
  const { body } = await platform.api('GET', '/calls?page_size=1')
  return { call, id: body.result[0].id }
}

function recordingIs(status: string, call: string): Promise<Json> {
  return eventually(`a recording is ${status}`, async () => {
    const { body } = await platform.api('GET', `/recordings?reference_id=${call}&status=${status}`)
    return body.result[0]
  })
}

/** The files of a recording, from the archive. */
async function filesOf(id: string, form = ''): Promise<Map<string, Buffer>> {
  const asked = await fetch(`${platform.http}/v1.0/recordingfiles/${id}${form}`, {
    headers: { authorization: `Bearer ${platform.credentials.customer.accesskey}` },
    redirect: 'manual',
  })
  assert.equal(asked.status, 307, await asked.text())
  const answer = await fetch(new URL(asked.headers.get('location') ?? '', platform.http))
  assert.equal(answer.status, 200)
  const bytes = Buffer.from(await answer.arrayBuffer())
  return form === '' ? unzip(bytes) : new Map([['', bytes]])
}

function unzip(zip: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (let at = 0; zip.readUInt32LE(at) === 0x04034b50; ) {
    const bytes = zip.readUInt32LE(at + 18)
    const body = at + 30 + zip.readUInt16LE(at + 26)
    files.set(zip.toString('utf8', at + 30, body), zip.subarray(body, body + bytes))
    at = body + bytes
  }
  return files
}

/** The two directions, by their names. */
function directions(files: Map<string, Buffer>): { incoming: Int16Array; outgoing: Int16Array } {
  const sound = (end: string) => {
    const [, file] = [...files].find(([name]) => name.endsWith(end)) ?? []
    assert.ok(file, `${end} in ${[...files.keys()]}`)
    return readWavFile(file).samples
  }
  return { incoming: sound('_in.wav'), outgoing: sound('_out.wav') }
}

const eventsOf = async (id: string) =>
  (await platform.api('GET', '/events?after=0&page_size=1000')).body.result
    .filter((event: Json) => event.resource_id === id)
    .map((event: Json) => event.type)

const followed = (activeflow: string) =>
  eventually('the flow at the end has run', async () => {
    const { body } = await platform.api('GET', '/activeflows')
    const runs = body.result.filter((each: Json) => each.reference_activeflow_id === activeflow)
    return runs[0]?.status === 'ended' ? (runs as Json[]) : undefined
  })

test('what both sides said is in its own file, mixed in one, and the flow at the end runs once', async () => {
  const { call, id } = await callInto([
    { type: 'answer' },
    { type: 'recording_start', option: { on_end_flow_id: after_flow } },
    { type: 'sleep', option: { duration: 300 } },
    { type: 'beep' },
    { type: 'sleep', option: { duration: 60_000 } },
  ])
  const going = await recordingIs('recording', id)
  await call.sound.sendTone(440, 75)
  const stopped = await platform.api('POST', `/calls/${id}/recording_stop`)
  assert.equal(stopped.status, 200)
  const ended = await recordingIs('ended', id)
  assert.equal(ended.complete, true)
  assert.ok(ended.duration > 1.4 && ended.duration < 6, `${ended.duration} s`)
  const { incoming, outgoing } = directions(await filesOf(going.id))
  assert.equal(incoming.length, outgoing.length)
  assert.equal(ended.size, 2 * (44 + 2 * incoming.length))
  assert.ok(levelAt(incoming, 440) > 20 * levelAt(incoming, 1_000), 'the party alone is in its file')
  assert.ok(levelAt(outgoing, 1_000) > 20 * levelAt(outgoing, 440), 'what it heard alone is in the other')
  const mixed = readWavFile((await filesOf(going.id, '?format=wav')).get('') ?? Buffer.alloc(0)).samples
  assert.equal(mixed.length, incoming.length)
  assert.ok(levelAt(mixed, 440) > 0.8 * levelAt(incoming, 440))
  assert.deepEqual(await eventsOf(going.id), ['recording_started', 'recording_finished'])
  const runs = await followed(going.activeflow_id)
  assert.equal(runs.length, 1)
  assert.equal(runs[0]?.flow_id, after_flow)
  const kept = await eventually('its files are files of the customer', async () => {
    const { body } = await platform.api('GET', `/storage_files?reference_type=recording&reference_id=${going.id}`)
    return body.result.length === 2 ? (body.result as Json[]) : undefined
  })
  assert.equal(
    kept.reduce((sum, { filesize }) => sum + filesize, 0),
    ended.size,
  )
  assert.deepEqual(directions(await filesOf(going.id)), { incoming, outgoing }, 'downloaded as before')
  await call.hangUp()
})

test('a recording as MP3 is a quarter as large, sounds the same, and can be fetched once it has been made', async () => {
  const { call, id } = await callInto([
    { type: 'answer' },
    { type: 'recording_start', option: { format: 'mp3' } },
    { type: 'beep' },
    { type: 'sleep', option: { duration: 60_000 } },
  ])
  const going = await recordingIs('recording', id)
  await call.sound.sendTone(440, 150)
  assert.equal((await platform.api('POST', `/calls/${id}/recording_stop`)).status, 200)
  const ended = await recordingIs('ended', id)
  assert.equal(ended.format, 'mp3')
  const made = await eventually(
    'the files are made',
    async () => (await platform.api('GET', `/recordings/${going.id}`)).body.size,
    15_000,
  )
  const files = await filesOf(going.id)
  const sound = async (end: string) => {
    const [, file] = [...files].find(([name]) => name.endsWith(end)) ?? []
    assert.ok(file, `${end} in ${[...files.keys()]}`)
    return readMp3File(file)
  }
  const [incoming, outgoing] = [await sound('_in.mp3'), await sound('_out.mp3')]
  assert.equal(incoming.sampleRateHz, 8_000)
  assert.ok(Math.abs(incoming.samples.length / 8_000 - ended.duration) < 0.3, `${incoming.samples.length} samples`)
  assert.ok(levelAt(incoming.samples, 440) > 20 * levelAt(incoming.samples, 1_000), 'the party alone is in its file')
  assert.ok(
    levelAt(outgoing.samples, 1_000) > 20 * levelAt(outgoing.samples, 440),
    'what it heard alone is in the other',
  )
  assert.equal(
    made,
    [...files.values()].reduce((sum, { length }) => sum + length, 0),
  )
  assert.ok(made < (2 * 16_000 * ended.duration) / 3.5, `${made} octets`)
  await call.hangUp()
})

test('a recording ends by itself when nobody speaks any more, and the call talks on', async () => {
  const { call, id } = await callInto([{ type: 'answer' }, { type: 'sleep', option: { duration: 60_000 } }])
  assert.equal((await platform.api('POST', `/calls/${id}/recording_start`, { end_of_silence: 1 })).status, 200)
  await call.sound.sendTone(440, 50)
  const ended = await recordingIs('ended', id)
  assert.ok(ended.duration > 1.8 && ended.duration < 3, `${ended.duration} s`)
  assert.equal((await platform.api('GET', `/calls/${id}`)).body.status, 'progressing')
  await call.hangUp()
})

test('the end of the call ends its recording with all that was said', async () => {
  const { call, id } = await callInto([
    { type: 'answer' },
    { type: 'recording_start' },
    { type: 'sleep', option: { duration: 60_000 } },
  ])
  await recordingIs('recording', id)
  await call.sound.sendTone(440, 50)
  await call.hangUp()
  const ended = await recordingIs('ended', id)
  assert.equal(ended.complete, true)
  const { incoming } = directions(await filesOf(ended.id))
  assert.ok(levelAt(incoming, 440) > 1_000)
})

test('after kill -9 of everything the recording is there, readable and closed, and its event and flow follow', async () => {
  const { call, id } = await callInto([
    { type: 'answer' },
    { type: 'recording_start', option: { on_end_flow_id: after_flow } },
    { type: 'sleep', option: { duration: 60_000 } },
  ])
  const going = await recordingIs('recording', id)
  await call.sound.sendTone(440, 150)
  await pause(500)
  signalAll([...familyOf(platform.child.pid), ...databaseProcesses(platform)], 'SIGKILL')
  await platform.child.ended
  await platform.run()

  const ended = await recordingIs('ended', id)
  assert.equal(ended.complete, false)
  assert.ok(ended.duration >= 2, `${ended.duration} s of at least 3`)
  assert.ok(ended.tm_end > ended.tm_start)
  const { incoming, outgoing } = directions(await filesOf(going.id))
  assert.equal(incoming.length, outgoing.length)
  assert.ok(levelAt(incoming, 440) > 1_000)
  assert.deepEqual(await eventsOf(going.id), ['recording_started', 'recording_finished'])
  assert.equal((await followed(going.activeflow_id)).length, 1)
  const shown = (await platform.api('GET', `/calls/${id}`)).body
  assert.deepEqual(shown.recording_ids, [going.id])
  assert.notEqual(shown.recording_id, going.id)
})
