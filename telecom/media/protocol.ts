import type { EndpointStatistics, MediaEvent } from './media-event.ts'
import type { RecordingSource } from './recording/recorder.ts'
import type { EndpointSpec } from './wanted-media.ts'

/** What the engine tells a worker. Everything is plain data: the worker could be another process. */
export type ToWorker =
  /** Bind a pair of sockets: `port` and `port + 1`. */
  | { type: 'open'; id: string; address: string; port: number }
  | { type: 'want'; spec: EndpointSpec }
  /** Copy what is heard and said there from now on; `null` = nowhere. */
  | { type: 'record'; id: string; source: RecordingSource | null }
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
