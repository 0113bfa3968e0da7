import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { databaseMigrations, migrate, openServer, type PostgresServer, type ServerOptions } from '#platform/db'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { familyOf, signalAll } from './processes.ts'

/** For tests that kill or stop a server: one of their own, gone with the test. */
export async function ownServer(t: TestContext, options: Partial<ServerOptions> = {}): Promise<PostgresServer> {
  const dataDir = options.dataDir ?? tempFolder(t)
  if (Object.keys(options).every((name) => name === 'settings')) {
    prepared ??= prepareCluster()
    spawnSync('cp', ['-a', join(await prepared, 'postgres'), dataDir])
  }
  const server = await openServer({ dataDir, clock: systemClock, log: silentLog, ...options })
  t.after(() => {
    server.release()
    signalServer(server, 'SIGKILL') // also while somebody is still connected: its data goes with the test
  })
  await migrate(server, databaseMigrations)
  return server
}

let prepared: Promise<string> | undefined

/** A cluster to copy, so that not every test has to make one. */
async function prepareCluster(): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'strowger-db-'))
  chmodSync(dataDir, 0o755)
  process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
  await (await openServer({ dataDir, clock: systemClock, log: silentLog })).stop()
  return dataDir
}

/** A folder that everybody may enter, gone with the test. */
export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'strowger-db-'))
  chmodSync(folder, 0o755)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Sends a signal to the server and all of its processes. */
export function signalServer(server: PostgresServer, signal: NodeJS.Signals): void {
  signalAll(familyOf(server.pid ?? 0), signal)
}
