import type { EndpointStatistics, MediaEvent } from './media-event.ts'
import type { RecordingSource } from './recording/recorder.ts'
import type { EndpointSpec } from './wanted-media.ts'

/** What the engine tells a worker: plain data, and memory that it shares with another worker. */
export type ToWorker =
  /** Once, before all else: the memory by which this worker is woken and in which it shows how punctual it is. */
  | { type: 'start'; bell: SharedArrayBuffer; lateness: SharedArrayBuffer }
  /** Bind a pair of sockets: `port` and `port + 1`. */
  | { type: 'open'; id: string; address: string; port: number }
  | { type: 'want'; spec: EndpointSpec }
  /** Copy what is heard and said there from now on; `null` = nowhere. */
  | { type: 'record'; id: string; source: RecordingSource | null }
  /** Press a key for the far end, over whatever is sent. */
  | { type: 'press'; id: string; digit: string; durationMs: number }
  /** Listen for who answered. */
  | { type: 'detect'; id: string }
  /** The two ends of a patch: what `source` hears is written in its worker and read in that of the endpoint `id`. */
  | { type: 'plug_outlet'; id: string; source: string; memory: SharedArrayBuffer; bell: SharedArrayBuffer }
  | { type: 'plug_inlet'; id: string; source: string; memory: SharedArrayBuffer }
  | { type: 'unplug_outlet'; id: string }
  | { type: 'unplug_inlet'; id: string }
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
