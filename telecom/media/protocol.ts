import type { EndpointStatistics, MediaEvent } from './media-event.ts'
import type { EndpointSpec } from './wanted-media.ts'

/** What the engine tells a worker. Everything but shared memory is plain data. */
export type ToWorker =
  /** Bind a pair of sockets: `port` and `port + 1`. */
  | { type: 'open'; id: string; address: string; port: number }
  | { type: 'want'; spec: EndpointSpec }
  /** A key for the far end, over whatever is sent. */
  | { type: 'press'; id: string; digit: string; duration_ms: number }
  /** Write what `id` hears into this memory too, for the endpoints of that worker; `null` = no more. */
  | { type: 'patch_out'; id: string; worker: number; memory: SharedArrayBuffer | null }
  /** What `id`, an endpoint of another worker, hears is in this memory; `null` = no more. */
  | { type: 'patch_in'; id: string; memory: SharedArrayBuffer | null }
  | { type: 'statistics'; id: string; request: number }
  | { type: 'close'; id: string }

/** What a worker tells the engine. */
export type FromWorker =
  | { type: 'ready' }
  | { type: 'opened'; id: string }
  /** `in_use`: another pair of ports may do. */
  | { type: 'open_failed'; id: string; in_use: boolean; issue: string }
  | { type: 'event'; id: string; event: MediaEvent }
  | { type: 'statistics'; request: number; statistics: EndpointStatistics | null }
  | { type: 'closed'; id: string }
