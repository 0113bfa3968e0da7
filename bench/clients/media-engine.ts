/** The media engine alone, with pairs of endpoints in conversation; says their ports and waits to be ended. */
import { availableParallelism } from 'node:os'
import { silentLog } from '#platform/log'
import { type MediaEndpoint, MediaEngine } from '#telecom/media'
import { options, say, told } from './report.ts'

export interface MediaCalls {
  calls: number
  /** Milliseconds of sound per packet at the two ends: the same = relayed, else processed. */
  packetMs: readonly [number, number]
  /** The UDP ports to take. */
  ports: { first: number; last: number }
}

/** First the RTP ports of each call's two ends; when told, how punctual the ticks were. */
export type MediaSaid = { ports: [number, number][] } | { tickLatenessP99Ms: number }

const { calls, packetMs, ports } = options<MediaCalls>()
const workers = Math.max(1, availableParallelism() - 1)
const engine = new MediaEngine({ log: silentLog, workers, address: '127.0.0.1', ports })
await engine.start()
const opened: [number, number][] = []
for (let call = 0; call < calls; call++) {
  const a = await engine.open({ id: `a${call}`, on: () => {} })
  const b = await engine.open({ id: `b${call}`, workerHint: a.worker, on: () => {} })
  converse(a, b, packetMs[0])
  converse(b, a, packetMs[1])
  opened.push([a.port, b.port])
}
say({ ports: opened } satisfies MediaSaid)
await told()
say({ tickLatenessP99Ms: engine.tickLateness.percentile(0.99) } satisfies MediaSaid)

function converse(endpoint: MediaEndpoint, peer: MediaEndpoint, ptimeMs: number): void {
  endpoint.want({
    // nobody is there: the phones are found by what they send
    remote: { address: '127.0.0.1', port: 9 },
    codec: 'PCMU',
    payloadTypeSend: 0,
    payloadTypeReceive: 0,
    telephoneEventSend: 101,
    telephoneEventReceive: 101,
    ptimeMs,
    direction: 'sendrecv',
    sending: { kind: 'bridge', peer: peer.id },
  })
}
