import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const LONGEST_PATH = 99

/**
 * Proof of life: each living incarnation listens on a socket of its own in `DATA_DIR`. The kernel lets go of it when the
 * process ends, however it ends, so that a later start sees who is dead without waiting for a lease. It needs no answer of
 * the process: one that is stopped or busy still counts as alive.
 */
export class LifeLock {
  readonly #server: Server
  readonly #path: string

  private constructor(server: Server, path: string) {
    this.#server = server
    this.#path = path
  }

  static async take(dataDir: string, incarnation: string): Promise<LifeLock> {
    const path = socketPath(dataDir, incarnation)
    const server = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
    server.unref()
    return new LifeLock(server, path)
  }

  release(): void {
    this.#server.close()
    rmSync(this.#path, { force: true })
  }
}

/** Whether an incarnation of this `DATA_DIR` is alive. */
export function isHeld(dataDir: string, incarnation: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath(dataDir, incarnation))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT') // a full backlog is a living process
    })
  })
}

/** Removes the sockets of the dead. */
export async function sweep(dataDir: string): Promise<void> {
  const folder = socketFolder(dataDir)
  for (const name of readdirSync(folder))
    if (!(await isHeld(dataDir, name))) rmSync(join(folder, name), { force: true })
}

function socketPath(dataDir: string, incarnation: string): string {
  return join(socketFolder(dataDir), incarnation)
}

function socketFolder(dataDir: string): string {
  let folder = join(resolve(dataDir), 'incarnations')
  if (Buffer.byteLength(folder) + 1 + 16 > LONGEST_PATH)
    folder = join(tmpdir(), `strowger-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid } = lstatSync(folder)
  if (uid !== process.getuid?.()) throw new Error(`${folder} belongs to somebody else`)
  return folder
}
