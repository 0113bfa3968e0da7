import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'
import { eventually } from './eventually.ts'
import { freePort } from './ports.ts'

const BUCKET = 'files'
/** The store takes none that are shorter than Amazon's. */
const KEY = 'AKIATESTTESTTESTTEST'
const SECRET = 'a/secret+of+the+tests+that+is+40+letters'

/** Where `scripts/install-test-peers.sh` puts it. */
const OURS = fileURLToPath(new URL('../node_modules/.cache/strowger-peers/bin/rclone', import.meta.url))

/** A real store with the S3 API (rclone) that checks signatures, on a port of 127.0.0.1, its bucket in a folder. */
export class S3Server {
  readonly base: string
  readonly region = 'us-east-1'
  readonly credentials = { key: KEY, secret: SECRET }
  readonly #child: Child
  readonly #folder: string

  private constructor(port: number, child: Child, folder: string) {
    this.base = `http://127.0.0.1:${port}/${BUCKET}`
    this.#child = child
    this.#folder = folder
  }

  /** Whether one can be started here. */
  static isInstalled(): boolean {
    return program() !== undefined
  }

  static async start(): Promise<S3Server> {
    const folder = mkdtempSync(join(tmpdir(), 'strowger-s3-'))
    mkdirSync(join(folder, BUCKET))
    const port = await freePort('tcp')
    const args = [
      'serve',
      's3',
      '--auth-key',
      `${KEY},${SECRET}`,
      '--addr',
      `127.0.0.1:${port}`,
      '--config',
      '',
      folder,
    ]
    const child = startChild(program() ?? '', args)
    const server = new S3Server(port, child, folder)
    await eventually(`the store answers: ${child.output()}`, () =>
      fetch(server.base).then(
        () => true,
        () => undefined,
      ),
    )
    return server
  }

  /** The folder of the bucket: what is stored is a file there. */
  get folder(): string {
    return join(this.#folder, BUCKET)
  }

  /** Ends it; its folder goes too. */
  async stop(): Promise<void> {
    await this.#child.stop('SIGTERM', 3_000)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Debian's own package is older than what serves S3. */
function program(): string | undefined {
  if (existsSync(OURS)) return OURS
  try {
    const help = execFileSync('rclone', ['help', 'serve', 's3'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return help.includes('--auth-key') ? 'rclone' : undefined
  } catch {
    return undefined
  }
}
