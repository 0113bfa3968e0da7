/** What runs in a media worker thread. */
import { parentPort } from 'node:worker_threads'
import { systemIds } from '#platform/ids'
import { systemClock } from '#platform/time'
import type { FromWorker, ToWorker } from '../protocol.ts'
import { MediaWorker } from './media-worker.ts'

const port = parentPort
if (!port) throw new Error('a media worker runs in a worker thread')
const post = (message: FromWorker) => port.postMessage(message)
const worker = new MediaWorker({ clock: systemClock, ids: systemIds, post })
port.on('message', (message: ToWorker) => worker.handle(message))
post({ type: 'ready' })
