import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ClusterHome, PORT } from './home.ts'

/**
 * The process that `postmaster.pid` names, if it really is this cluster's server: after a reboot, or in a container, the
 * number may belong to anybody. Files that a dead server left are removed.
 */
export function runningPostmaster(home: ClusterHome): number | undefined {
  const file = join(home.data, 'postmaster.pid')
  if (!existsSync(file)) return undefined
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  if (isPostmaster(pid, home.data)) return pid
  rmSync(file, { force: true })
  for (const leftover of [`.s.PGSQL.${PORT}`, `.s.PGSQL.${PORT}.lock`])
    rmSync(join(home.socketFolder, leftover), { force: true })
  return undefined
}

/** Whether the process lives and serves this data folder (a server works in its data folder). */
export function isPostmaster(pid: number, data: string): boolean {
  if (!isAlive(pid)) return false
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data)
    } catch {
      return false // it is gone, or it is somebody else's
    }
  }
  const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.includes('postgres') && stdout.includes(data)
}

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Dead, but not yet collected by its parent: where nothing collects orphans (a container) that may last for ever. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return status[status.lastIndexOf(')') + 2] === 'Z'
  } catch {
    return true
  }
}
