import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '#platform/time'

/** A program that a test started: what it printed so far, and a way to end it for certain. */
export interface Child {
  process: ChildProcess
  pid: number
  /** Everything printed so far, both streams. */
  output(): string
  /** Resolves with the exit code (or the signal's name) once it has ended. */
  ended: Promise<number | string>
  /** Ends it: the signal first, SIGKILL after `graceMs`. Resolves when it is gone. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>
}

/**
 * Starts a program without a shell; its output is kept (the last 256 KiB), not printed. Its input is `input`; that of a
 * steered one stays open.
 */
export function startChild(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string; isSteered?: boolean } = {},
): Child {
  const process = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] })
  let printed = ''
  const keep = (chunk: Buffer) => {
    printed = (printed + chunk.toString('latin1')).slice(-262_144)
  }
  process.stdout.on('data', keep)
  process.stderr.on('data', keep)
  process.stdin.on('error', () => {})
  if (!options.isSteered) process.stdin.end(options.input ?? '')
  const ended = new Promise<number | string>((resolve) => {
    process.once('error', (error) => {
      printed += `\n${error.message}`
      resolve(-1)
    })
    process.once('exit', (code, signal) => resolve(code ?? signal ?? -1))
  })
  const isGone = () => process.exitCode !== null || process.signalCode !== null || process.pid === undefined
  return {
    process,
    pid: process.pid ?? -1,
    output: () => printed,
    ended,
    async stop(signal = 'SIGTERM', graceMs = 5_000) {
      if (isGone()) return
      process.kill(signal)
      const timer = systemClock.after(graceMs, () => process.kill('SIGKILL'))
      if (!isGone()) await once(process, 'exit')
      timer.cancel()
    },
  }
}

/** Whether a program can be started here by its name. */
export function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)))
}
