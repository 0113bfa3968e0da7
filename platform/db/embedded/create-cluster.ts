import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { type ClusterHome, own } from './home.ts'
import { isAlive } from './postmaster.ts'
import { DatabaseRefused } from './refused.ts'

/** The superuser of the cluster and the only user; who may open the socket is who may connect. */
export const USER = 'strowger'

/** Every commit waits while a new file of the write-ahead log is filled with zeros: long for the usual 16 MB. */
const WAL = ['--wal-segsize=1']

/**
 * Makes the cluster if there is none, under another name first: a start that is killed in the middle leaves nothing that
 * looks like a cluster. Refuses one of another major version.
 */
export function createCluster(home: ClusterHome, binaries: Binaries, account: Account | undefined): 'made' | 'found' {
  const version = join(home.data, 'PG_VERSION')
  if (existsSync(version)) {
    checkMajor(home, binaries, readFileSync(version, 'utf8').trim())
    return 'found'
  }
  removeUnfinished(home.folder)
  if (existsSync(home.data) && readdirSync(home.data).length > 0)
    throw new DatabaseRefused(`${home.data} is not empty, yet holds no database. Move it away and start again.`)
  const making = join(home.folder, `data.new-${process.pid}`)
  const args = ['-D', making, '-A', 'trust', '-U', USER, '-E', 'UTF8', '--locale=C', '--no-instructions', ...WAL]
  const { status, stderr, error } = spawnSync(join(binaries.bin, 'initdb'), args, {
    ...account,
    cwd: home.folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (status !== 0) {
    rmSync(making, { recursive: true, force: true })
    throw new DatabaseRefused(`The database could not be created in ${home.folder}: ${error?.message ?? stderr.trim()}`)
  }
  own(making, account)
  try {
    renameSync(making, home.data)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    if (existsSync(version)) return 'found' // another start was faster
    throw error
  }
  const folder = openSync(home.folder, 'r')
  fsyncSync(folder)
  closeSync(folder)
  return 'made'
}

/** What starts that were killed have left; not what another one is making right now. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    const maker = /^data\.new-(\d+)$/.exec(name)?.[1]
    if (maker && !isAlive(Number(maker))) rmSync(join(folder, name), { recursive: true, force: true })
  }
}

function checkMajor(home: ClusterHome, binaries: Binaries, found: string): void {
  if (found === String(binaries.major)) return
  throw new DatabaseRefused(
    `${home.data} was written by PostgreSQL ${found}, and the one to run is ${binaries.major} (${binaries.bin}). ` +
      `Nothing was touched. Run PostgreSQL ${found} on it and set STROWGER_DATABASE_URL, or carry the data over ` +
      'with pg_dumpall and start with an empty DATA_DIR.',
  )
}
