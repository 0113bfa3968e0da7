import { readdirSync, readFileSync } from 'node:fs'
import type { Platform } from './platform.ts'

/** A process as /proc shows it. */
interface ProcessInfo {
  pid: number
  parent: number
}

function processes(): ProcessInfo[] {
  const found: ProcessInfo[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      found.push({ pid: Number(name), parent })
    } catch {
      // it ended while we looked
    }
  }
  return found
}

/** The process and all that descend from it. */
export function familyOf(pid: number): number[] {
  const all = processes()
  const family = [pid]
  for (const member of family) for (const { pid: child, parent } of all) if (parent === member) family.push(child)
  return family
}

/** The pids of a platform's own PostgreSQL: the server first, then its workers; also after the platform itself died. */
export function databaseProcesses(platform: Platform): number[] {
  const pid = Number(readFileSync(`${platform.postgresDir()}/postmaster.pid`, 'utf8').split('\n')[0])
  return familyOf(pid)
}

/** Proportional set size of these processes together, bytes: memory that is shared counts once. */
export function proportionalBytes(pids: readonly number[]): number {
  let bytes = 0
  for (const pid of pids) {
    try {
      const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))
      bytes += Number(match?.[1] ?? 0) * 1024
    } catch {
      // it ended while we looked
    }
  }
  return bytes
}

/** Sends a signal to each; those that are gone already do not matter. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // gone already
    }
  }
}

/** How many file descriptors a process has open. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
