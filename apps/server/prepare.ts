import { migrate, openDatabase, type PostgresServer } from '#platform/db'
import { systemIds } from '#platform/ids'
import type { Log } from '#platform/log'
import { systemClock } from '#platform/time'
import { expandHosts } from '#telecom/sip'
import type { Config } from './config.ts'
import { firstRun } from './first-run.ts'
import { hostAndPort } from './host-and-port.ts'
import { allMigrations } from './migrations.ts'
import { PlatformSettings } from './platform-settings.ts'
import { createServices } from './services.ts'

/** How long the database may take to answer after it was started. */
const DATABASE_READY_MS = 20_000

/** Brings the database up to date and makes the first run, where it is the first. */
export async function prepare(config: Config, { connection }: PostgresServer, log: Log) {
  const clock = systemClock
  const ids = systemIds
  const db = openDatabase({ connection, clock, log, name: 'start' })
  try {
    await db.ready(DATABASE_READY_MS)
    await migrate(db, allMigrations)
    const services = createServices({ db, clock, ids, base: config.sipDomain, billingEnforced: config.billing })
    const http = `http://${hostAndPort(config.httpHost, config.httpPort)}`
    const sip = hostAndPort(expandHosts(config.sipHost)[0] ?? '127.0.0.1', config.sipPort)
    return await firstRun({ settings: new PlatformSettings(db), services, ids, clock, config, reach: { http, sip } })
  } finally {
    await db.close()
  }
}
