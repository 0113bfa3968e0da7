import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '#platform/time'

const root = fileURLToPath(new URL('../..', import.meta.url))
const requirements = join(root, 'conformance/fuzz/requirements.txt')

/** An answer that takes longer is a hang: the platform's own deadline is 10 s. */
const HANG_SECONDS = 20

/** Checks that ask for more, or for something else, than the platform promises. */
const NOT_PROMISED = [
  'unsupported_method', // 404 ROUTE_NOT_FOUND, never 405 (platform.md §1)
  'positive_data_acceptance', // a schema does not say which ids exist, what is taken, what may be afforded
  'negative_data_rejection', // unknown members and parameters are ignored (platform.md §5.2, §9)
  'ignored_auth', // the tenancy matrix asks every operation without and with bad credentials
]

/**
 * The fuzzer's program, installed into the cache of this repository the first time; or why there is none here. Version and
 * folder follow `requirements.txt`.
 */
export function installSchemathesis(): { program: string } | { missing: string } {
  const mark = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const home = join(root, '.cache', `fuzz-${mark}`)
  const program = join(home, 'bin', 'st')
  if (existsSync(program)) return { program }
  const run = (command: string, args: string[]) => spawnSync(command, args, { stdio: ['ignore', 2, 2] }).status === 0
  if (!run('python3', ['-m', 'venv', home])) return { missing: 'python3 with venv is not installed' }
  if (!run(join(home, 'bin', 'pip'), ['install', '--quiet', '--requirement', requirements]))
    return { missing: 'pip could not install schemathesis' }
  return { program }
}

/** What it ends with when it was stopped and had found nothing. */
const INTERRUPTED = 130

export interface Round {
  /** Base URL of the API. */
  http: string
  /** Where credentials come from. */
  desk: string
  /** For each operation, beside the fixed examples and bounds. */
  examples: number
  /** Right requests only get further; wrong ones as well find what the gate of a schema lets through. */
  mode: 'positive' | 'all'
  /** It is stopped after these. */
  seconds: number
  seed: number
  /** Only operations of this path, for a closer look. */
  path: string | undefined
}

/** Runs one round, prints what it says, and tells whether it found nothing. */
export async function runRound(program: string, round: Round): Promise<boolean> {
  const args = [
    'run',
    `${round.http}/openapi.json`,
    ...['--checks', 'all', '--exclude-checks', NOT_PROMISED.join(',')],
    ...['--max-examples', String(round.examples), '--seed', String(round.seed), '--mode', round.mode],
    ...['--request-timeout', String(HANG_SECONDS), '--workers', '1', '--continue-on-failure'],
    ...['--generation-database', 'none', '--generation-with-security-parameters', 'false'],
    ...['--max-redirects', '0', '--warnings', 'off', '--no-color'],
    ...(round.path === undefined ? [] : ['--include-path-regex', round.path]),
  ]
  const hooks = join(root, 'conformance/fuzz/hooks.py')
  const env = { ...process.env, SCHEMATHESIS_HOOKS: hooks, STROWGER_FUZZ_DESK: round.desk, PYTHONWARNINGS: 'ignore' }
  const child = spawn(program, args, { cwd: root, env, stdio: 'inherit' })
  let stopped = false
  const stop = systemClock.after(round.seconds * 1000, () => {
    stopped = child.kill('SIGINT') // it ends what it is at, and says what it found
  })
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  stop.cancel()
  return code === 0 || (stopped && code === INTERRUPTED)
}
