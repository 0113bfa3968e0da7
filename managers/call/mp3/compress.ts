import { once } from 'node:events'
import { rename, rm } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { InvariantError } from '#platform/errors'
import type { Ids } from '#platform/ids'

/** What the thread is told. */
export interface Mp3Job {
  from: string
  to: string
}

/**
 * Makes an MP3 file (32 kbit/s, a quarter of the size) of a telephone recording: 8 kHz, 16 bit, mono. It works in a thread
 * of its own, and the file is there whole or not at all. Rejects where the recording cannot be read, and with an
 * `AbortError` when `signal` aborts.
 */
export async function compressToMp3({ from, to }: Mp3Job, ids: Ids, signal?: AbortSignal): Promise<void> {
  const draft = `${to}.${ids.uuid()}`
  const worker = new Worker(new URL('./encode-worker.ts', import.meta.url), {
    name: 'mp3',
    workerData: { from, to: draft } satisfies Mp3Job,
    resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 },
  })
  try {
    const [code] = await once(worker, 'exit', signal ? { signal } : {})
    if (code !== 0) throw new InvariantError(`the MP3 encoder ended with ${code}`)
    await rename(draft, to)
  } catch (error) {
    await worker.terminate()
    await rm(draft, { force: true })
    throw error
  }
}
