import { lstatSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Whom PostgreSQL runs as: it refuses root. */
export interface Account {
  uid: number
  gid: number
}

/** `nobody`: owns no file but the database's. */
const NOBODY: Account = { uid: 65_534, gid: 65_534 }

/** The account to drop to when we are root; `undefined` when we are somebody already. */
export function dropTo(): Account | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined
}

/** Whether the account can enter this existing folder, through every folder above it. */
export function canReach(account: Account, folder: string): boolean {
  for (let at = realpathSync(folder); ; at = dirname(at)) {
    if (!may(account, at, 1)) return false
    if (at === dirname(at)) return true
  }
}

/** Whether the account may read this existing file or folder, once it has reached it. */
export function canRead(account: Account, path: string): boolean {
  return may(account, path, lstatSync(path).isDirectory() ? 5 : 4)
}

/** `bits` as in one digit of a mode: 4 read, 2 write, 1 execute or enter. */
function may({ uid, gid }: Account, path: string, bits: number): boolean {
  const status = statSync(path)
  const shift = status.uid === uid ? 6 : status.gid === gid ? 3 : 0
  return ((status.mode >> shift) & bits) === bits
}
