import { spawn } from 'node:child_process'
import type { Clock } from '#platform/time'

const LONGEST_RUN_MS = 10_000
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024

/** Where programs are looked for; nothing of our own environment is handed to them. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin', LANG: 'C.UTF-8' }

/**
 * Runs an installed program without a shell: `input` on its standard input, its standard output as the result. Bounded
 * in time and output. Rejects where it is not installed, fails or is aborted.
 */
export function runProgram(
  clock: Clock,
  name: string,
  args: readonly string[],
  input: string,
  signal?: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, { env: ENVIRONMENT, stdio: ['pipe', 'pipe', 'ignore'], shell: false })
    const chunks: Buffer[] = []
    let bytes = 0
    const end = (issue: string) => {
      child.kill('SIGKILL')
      reject(new Error(`${name} ${issue}`))
    }
    const timer = clock.after(LONGEST_RUN_MS, () => end(`took longer than ${LONGEST_RUN_MS} ms`))
    const abort = () => end('was aborted')
    signal?.addEventListener('abort', abort, { once: true })
    const settle = () => {
      timer.cancel()
      signal?.removeEventListener('abort', abort)
    }
    child.on('error', (error) => {
      settle()
      reject(error)
    })
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MOST_OUTPUT_BYTES) end('wrote too much')
      else chunks.push(chunk)
    })
    child.on('close', (code) => {
      settle()
      if (code === 0) resolve(Buffer.concat(chunks))
      else reject(new Error(`${name} ended with ${code}`))
    })
    // it may end without reading everything
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** Whether a program is there: asked once. */
export function installed(clock: Clock, name: string, args: readonly string[]): () => Promise<boolean> {
  let answer: Promise<boolean> | undefined
  return () => {
    answer ??= runProgram(clock, name, args, '').then(
      () => true,
      () => false,
    )
    return answer
  }
}
