import { getPriority, setPriority } from 'node:os'

/**
 * Gives a server process on this machine the priority of the thread that asks it: what is done for a thread that yields to
 * calls yields to them, too. On Linux a priority is a thread's own; elsewhere, and where the system refuses it, nothing changes.
 */
export function sharePriority(pid: number): void {
  if (process.platform !== 'linux') return
  try {
    const mine = getPriority(0)
    if (mine > 0) setPriority(pid, mine)
  } catch {
    // the server belongs to somebody else, or has gone
  }
}
