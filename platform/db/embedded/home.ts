import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Account, canReach } from './account.ts'
import { type Binaries, isReachable } from './binaries.ts'
import { DatabaseRefused } from './refused.ts'

/** Where one cluster lives. */
export interface ClusterHome {
  /** Holds all of the following. */
  folder: string
  /** PostgreSQL's own data folder. */
  data: string
  /** The folder of its socket. */
  socketFolder: string
  /** What it has to say. */
  log: string
}

export interface HomeOptions {
  dataDir: string
  binaries: Binaries
  account: Account | undefined
  /** Where clusters live that cannot live below `dataDir`. */
  elsewhere: string
}

/** PostgreSQL's port is a part of the socket's name only. */
export const PORT = 5432
const LONGEST_SOCKET_PATH = 99

/**
 * Finds, or decides on, the cluster's place: `DATA_DIR/postgres`. Where we are root and the account that PostgreSQL runs
 * as cannot reach that folder or the binaries, it is a folder below `elsewhere`, and `DATA_DIR/postgres` is a file with
 * its path: written first, so that a start cut short goes on in the same place.
 */
export function clusterHome({ dataDir, binaries, account, elsewhere }: HomeOptions): ClusterHome {
  mkdirSync(dataDir, { recursive: true })
  const inside = join(dataDir, 'postgres')
  let folder = inside
  if (existsSync(inside) && lstatSync(inside).isFile()) folder = readFileSync(inside, 'utf8').trim()
  else if (account && !existsSync(inside) && !(canReach(account, dataDir) && isReachable(binaries, account))) {
    folder = freeFolder(elsewhere, realpathSync(dataDir))
    writeFileSync(`${inside}.new`, `${folder}\n`, { mode: 0o644 })
    renameSync(`${inside}.new`, inside)
  }
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  own(folder, account)
  if (account && !canReach(account, folder))
    throw new DatabaseRefused(
      `${folder} holds the database, but the account that runs PostgreSQL (uid ${account.uid}) can no longer enter ` +
        'a folder above it. Give those folders the mode 0755, or move DATA_DIR to where everybody may enter.',
    )
  return { folder, data: join(folder, 'data'), socketFolder: socketFolder(folder, account), log: join(folder, 'log') }
}

/** A folder of a cluster that has lost its DATA_DIR is never taken: it may come back. */
function freeFolder(elsewhere: string, dataDir: string): string {
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
  for (let count = 1; ; count++) {
    const folder = join(elsewhere, count === 1 ? hash : `${hash}-${count}`)
    if (!existsSync(folder)) return folder
  }
}

/** `socket` in the cluster's folder, or a short folder of our own where the path of a socket would be too long. */
function socketFolder(folder: string, account: Account | undefined): string {
  let socket = join(folder, 'socket')
  if (Buffer.byteLength(`${socket}/.s.PGSQL.${PORT}`) > LONGEST_SOCKET_PATH)
    socket = join(tmpdir(), `strowger-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 16)}`)
  if (!existsSync(socket)) mkdirSync(socket, { mode: 0o700 })
  const status = lstatSync(socket)
  const owners = [process.getuid?.(), account?.uid]
  if (!status.isDirectory() || !owners.includes(status.uid))
    throw new DatabaseRefused(`${socket} is needed for the database's socket, but belongs to somebody else.`)
  own(socket, account)
  chmodSync(socket, 0o700)
  return socket
}

/** Gives a file or folder to the account, where there is one. */
export function own(path: string, account: Account | undefined): void {
  if (account && statSync(path).uid !== account.uid) chownSync(path, account.uid, account.gid)
}
