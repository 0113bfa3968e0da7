/** How long the parts of a tick take, and how punctual the tick is. Prints one JSON object, like `npm run bench`. */
import { cpus } from 'node:os'
import { sequentialIds } from '#platform/ids'
import { systemClock, timestamp } from '#platform/time'
import { JitterBuffer, writeRtpHeader } from '#telecom/rtp'
import { codecs } from './codecs/index.ts'
import { InbandDetector } from './dtmf/inband-detector.ts'
import { SoundLibrary } from './prompt/sound-library.ts'
import { Resampler } from './resampler.ts'
import { Endpoint } from './worker/endpoint.ts'
import { TickWheel } from './worker/tick-wheel.ts'

interface Result {
  name: string
  value: number
  unit: string
  p99?: number
}

const results: Result[] = []

/** Microseconds per call. */
function measure(name: string, run: () => void, rounds = 20_000): void {
  for (let n = 0; n < rounds / 10; n++) run()
  const start = systemClock.monotonicMs()
  for (let n = 0; n < rounds; n++) run()
  results.push({ name, value: ((systemClock.monotonicMs() - start) * 1000) / rounds, unit: 'us' })
}

const frame = Int16Array.from({ length: 160 }, (_, n) => 8_000 * Math.sin(n / 3))
const octets = new Uint8Array(160)
const decoded = new Int16Array(160)
measure('media.g711_encode', () => codecs.PCMU.encode(frame, 0, 160, octets, 0))
measure('media.g711_decode', () => codecs.PCMU.decode(octets, 0, 160, decoded))

const detector = new InbandDetector(() => {})
measure('media.inband_frame', () => detector.listen(frame, 160))

const jitter = new JitterBuffer()
let at = 0
measure('media.jitter_frame', () => {
  jitter.put(at, frame, 160)
  jitter.read(decoded, 160)
  at = (at + 160) >>> 0
})

const resampler = new Resampler(44_100, 8_000)
const wide = new Float32Array(882)
measure('media.resample_44100_frame', () => void resampler.process(wide), 2_000)

function endpoint(kind: 'silence' | 'echo'): Endpoint {
  const made = new Endpoint({
    id: kind,
    clock: systemClock,
    ids: sequentialIds(),
    library: new SoundLibrary(),
    align: (earliestMs) => earliestMs,
    on: () => {},
    wire: { rtp: () => {}, rtcp: () => {} },
  })
  made.want({
    id: kind,
    version: 1,
    remote: { address: '127.0.0.1', port: 4_000 },
    codec: 'PCMU',
    payloadTypeSend: 0,
    payloadTypeReceive: 0,
    telephoneEventSend: 101,
    telephoneEventReceive: 101,
    ptimeMs: 20,
    direction: 'sendrecv',
    sending: { kind },
  })
  return made
}

const packet = Buffer.alloc(172)
let sequence = 0
const echo = endpoint('echo')
measure('media.echo_tick_without_socket', () => {
  writeRtpHeader(packet, 0, false, sequence & 0xffff, sequence * 160, 1)
  sequence++
  echo.receiveRtp(packet, '127.0.0.1', 4_000)
  echo.tick(0)
})

const lateness: number[] = []
const wheel = new TickWheel(systemClock, (ms) => lateness.push(ms))
for (let n = 0; n < 100; n++) wheel.add(endpoint('silence'))
await new Promise<void>((resolve) => systemClock.after(3_000, resolve))
wheel.stop()
lateness.sort((a, b) => a - b)
const part = (share: number) => lateness[Math.floor((lateness.length - 1) * share)] ?? 0
results.push({ name: 'media.tick_lateness_ms', value: part(0.5), unit: 'ms', p99: part(0.99) })

const machine = `${cpus()[0]?.model ?? 'unknown'} × ${cpus().length}`
console.log(JSON.stringify({ machine, node: process.version, date: timestamp(systemClock.wallMs()), results }, null, 2))
