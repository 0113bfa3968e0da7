/**
 * `node managers/explain/recorder.bench.ts`: what noting one answered call costs on the call role's loop (`tap` of ten
 * messages and the events of two media), and what masking and packing its record costs after it. Microseconds per call.
 */
import type { Call } from '#managers/call'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { CallRecorder } from './call-recorder.ts'
import { NO_CAPTURES } from './capture-budget.ts'
import { Captures } from './captures.ts'
import { packRecord } from './record-codec.ts'
import { testCall, testDialog, testMessages } from './test-record.ts'

const CALLS = 2_000
const ENDS = [
  { address: '192.0.2.1', port: 5060 },
  { address: '192.0.2.2', port: 5062 },
] as const

const recorder = new CallRecorder({
  clock: systemClock,
  log: silentLog,
  bus: { publish() {}, subscribe: noSubscription, respond: noSubscription, request: async () => null },
  lanes: { write: async () => {}, oldestMs: 0, waiting: 0 },
  captures: new Captures('/nowhere', NO_CAPTURES),
})

await round() // warm
const { note, mask, pack, bytes } = await round()
console.log(
  JSON.stringify([
    { name: 'explain.note_us', value: note, unit: 'us/call' },
    { name: 'explain.mask_us', value: mask, unit: 'us/call' },
    { name: 'explain.pack_us', value: pack, unit: 'us/call, thread pool included' },
    { name: 'explain.row_bytes', value: bytes, unit: 'bytes' },
  ]),
)

/** CPU time of each phase over many calls, so that what else runs on the machine does not count. */
async function round() {
  const calls = Array.from({ length: CALLS }, () => {
    const id = systemIds.uuid()
    return { call: testCall(id), id, messages: testMessages(id) }
  })
  const note = cpu()
  for (const each of calls) noteCall(each)
  const noteUs = note()
  const mask = cpu()
  const records = calls.map(({ id }) => recorder.snapshotOf(id) ?? never())
  const maskUs = mask()
  const pack = cpu()
  let bytes = 0
  for (const record of records) bytes += (await packRecord(record)).length
  const perCall = (us: number) => Number((us / CALLS).toFixed(1))
  return { note: perCall(noteUs), mask: perCall(maskUs), pack: perCall(pack()), bytes: Math.round(bytes / CALLS) }
}

function noteCall({ call, id, messages }: { call: Call; id: string; messages: ReturnType<typeof testMessages> }): void {
  for (const [at, { direction, data }] of messages.entries()) {
    recorder.tap(direction, data, 'udp', ...ENDS)
    if (at === 4) recorder.began(call, { id, dialog: testDialog(id), codec: 'PCMU', capture() {} })
  }
  recorder.lineSaid(id, { type: 'answered' }, 'PCMU')
  recorder.mediaWitness(id, { type: 'media_sending' })
  recorder.mediaWitness(id, { type: 'media_started', address: '192.0.2.2', port: 4_000 })
  recorder.lineSaid(id, { type: 'ended', by: 'remote', cause: 16, why: 'bye' }, 'PCMU')
}

/** Microseconds of this process from now until it is called. */
function cpu(): () => number {
  const began = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(began)
    return user + system
  }
}

function noSubscription() {
  return { unsubscribe() {} }
}

function never(): never {
  throw new Error('a call is not there')
}
