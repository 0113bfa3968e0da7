/**
 * `node managers/explain/recorder.bench.ts`: what noting one answered call costs on the call role's loop (`tap` of ten
 * messages and the events of two media), and what masking and packing its record costs after it. Microseconds per call.
 */
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { CallRecorder } from './call-recorder.ts'
import { Captures } from './captures.ts'
import { packRecord, withoutSecrets } from './record-codec.ts'
import { testCall, testMessages } from './test-record.ts'

const WARM_UP = 300
const RUNS = 3_000

const recorder = new CallRecorder({
  clock: systemClock,
  log: silentLog,
  bus: { publish() {}, subscribe: noSubscription, respond: noSubscription, request: async () => null },
  lanes: { write: async () => {}, oldestMs: 0, waiting: 0 },
  captures: new Captures('/nowhere', 0),
})
const sizes: number[] = []
let noteMs = 0
let maskMs = 0
let packMs = 0
for (let run = -WARM_UP; run < RUNS; run++) {
  const sipCallId = systemIds.uuid()
  const messages = testMessages(sipCallId)
  const call = testCall(systemIds.uuid())
  const line = { id: sipCallId, dialog: { call_id: sipCallId } as never, codec: 'PCMU', capture() {} }
  const [a, b] = [
    { address: '192.0.2.1', port: 5060 },
    { address: '192.0.2.2', port: 5062 },
  ]
  const began = performance.now()
  for (const [at, { direction, data }] of messages.entries()) {
    recorder.tap(direction, data, 'udp', a, b)
    if (at === 4) recorder.began(call, line)
  }
  recorder.lineSaid(call.id, { type: 'answered' }, 'PCMU')
  recorder.mediaWitness(sipCallId, { type: 'media_sending' })
  recorder.mediaWitness(sipCallId, { type: 'media_started', address: '192.0.2.2', port: 4_000 })
  recorder.lineSaid(call.id, { type: 'ended', by: 'remote', cause: 16, why: 'bye' }, 'PCMU')
  const noted = performance.now()
  const record = withoutSecrets(recorder.snapshotOf(call.id) ?? never())
  const masked = performance.now()
  const packed = await packRecord(record)
  const done = performance.now()
  recorder.over(call)
  if (run < 0) continue
  noteMs += noted - began
  maskMs += masked - noted
  packMs += done - masked
  sizes.push(packed.length)
}
const perCall = (ms: number) => Number(((ms * 1_000) / RUNS).toFixed(1))
console.log(
  JSON.stringify([
    { name: 'explain.note_us', value: perCall(noteMs), unit: 'us/call' },
    { name: 'explain.mask_us', value: perCall(maskMs), unit: 'us/call' },
    { name: 'explain.pack_us', value: perCall(packMs), unit: 'us/call, thread pool included' },
    {
      name: 'explain.row_bytes',
      value: Math.round(sizes.reduce((sum, each) => sum + each, 0) / sizes.length),
      unit: 'bytes',
    },
  ]),
)

function noSubscription() {
  return { unsubscribe() {} }
}

function never(): never {
  throw new Error(`the call ${NIL_UUID} is not there`)
}
