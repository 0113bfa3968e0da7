/** What runs in the thread that writes recordings. */
import { parentPort } from 'node:worker_threads'
import { systemClock } from '#platform/time'
import { diskFiles } from './recording-files.ts'
import { RecordingWriter } from './recording-writer.ts'
import type { FromWriter, ToWriter } from './writer-protocol.ts'

const port = parentPort
if (!port) throw new Error('the writer of recordings runs in a worker thread')
const post = (message: FromWriter) => port.postMessage(message)
const writer = new RecordingWriter({ clock: systemClock, files: diskFiles, post })
port.on('message', (message: ToWriter) => writer.handle(message))
post({ type: 'ready' })
