import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How long a program may stay silent before it counts as broken. */
const LONGEST_SILENCE_MS = 60_000

/**
 * One of our load generators or baselines in a process of its own: started with options, it sends messages (`Said`) one
 * after the other, and ends when its channel closes.
 */
export class Program<Said> {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #said: Said[] = []
  #waiting: (() => void) | undefined
  #gone = false

  constructor(file: string, options: unknown) {
    const path = fileURLToPath(new URL(file, import.meta.url))
    const { NODE_OPTIONS: _, ...env } = process.env
    this.#child = fork(path, [JSON.stringify(options)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.pid = this.#child.pid ?? -1
    this.#child.on('message', (message) => {
      this.#said.push(message as Said)
      this.#waiting?.()
    })
    this.#child.once('exit', () => {
      this.#gone = true
      this.#waiting?.()
    })
  }

  /** The next thing that it says. */
  async next(): Promise<Said> {
    const end = AbortSignal.timeout(LONGEST_SILENCE_MS)
    end.addEventListener('abort', () => this.#waiting?.())
    for (;;) {
      const said = this.#said.shift()
      if (said !== undefined) return said
      if (this.#gone) throw new Error('a program of the bench ended without an answer')
      if (end.aborted) throw new Error(`a program of the bench said nothing for ${LONGEST_SILENCE_MS} ms`)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    }
  }

  /** Tells it to go on to its next part. */
  tell(): void {
    this.#child.send('next')
  }

  /** Ends it; resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#gone) return
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    this.#child.kill('SIGKILL')
    await gone
  }
}
