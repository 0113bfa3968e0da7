import { migrate, openDatabase, type PostgresServer } from '#platform/db'
import { systemIds } from '#platform/ids'
import type { Log } from '#platform/log'
import { SecretBox } from '#platform/secrets'
import { systemClock } from '#platform/time'
import { expandHosts } from '#telecom/sip'
import type { CarrierAddress } from './carrier-thread.ts'
import type { Config } from './config.ts'
import { readCredentials, writeCredentials } from './credentials-file.ts'
import { firstRun } from './first-run.ts'
import { hostAndPort } from './host-and-port.ts'
import { allMigrations } from './migrations.ts'
import { PlatformSettings } from './platform-settings.ts'
import { giveTheSandbox, setUpSandbox } from './sandbox.ts'
import { secretsKey } from './secrets-key.ts'
import { createServices } from './services.ts'

/** How long the database may take to answer after it was started. */
const DATABASE_READY_MS = 20_000

/**
 * Brings the database up to date, makes the first run, where it is the first, and joins the sandbox carrier with the platform,
 * or parts them where it does not run.
 */
export async function prepare(
  config: Config,
  { connection }: PostgresServer,
  log: Log,
  carrier: Promise<CarrierAddress | undefined>,
) {
  const clock = systemClock
  const ids = systemIds
  const db = openDatabase({ connection, clock, log, name: 'start' })
  try {
    await db.ready(DATABASE_READY_MS)
    await migrate(db, allMigrations)
    const secrets = new SecretBox(secretsKey(config, ids), ids)
    const { sipDomain: base, billing: billingEnforced } = config
    const services = createServices({ db, clock, ids, base, secrets, billingEnforced })
    const settings = new PlatformSettings(db)
    const http = `http://${hostAndPort(config.httpHost, config.httpPort)}`
    const sip = hostAndPort(expandHosts(config.sipHost)[0] ?? '127.0.0.1', config.sipPort)
    const first = await firstRun({ settings, services, ids, clock, config, reach: { http, sip } })
    const sandbox = await carrier
    await setUpSandbox({ settings, services, ids }, sandbox)
    const number = sandbox && (await giveTheSandbox({ settings, services, ids }, first.customer))
    noteSandbox(config.dataDir, sandbox, number?.number)
    return first
  } finally {
    await db.close()
  }
}

/** Where the sandbox is stands in the credentials file, and the number that it knows. */
function noteSandbox(dataDir: string, sandbox: CarrierAddress | undefined, number: string | undefined): void {
  const credentials = readCredentials(dataDir)
  if (!credentials) return
  const { sandbox: before, numbers, ...rest } = credentials
  const now = sandbox && { sip: hostAndPort(sandbox.address, sandbox.port), api: sandbox.api }
  if (number === undefined && before?.sip === now?.sip && before?.api === now?.api) return
  const all = number === undefined ? numbers : [...numbers, number]
  writeCredentials(dataDir, { ...rest, numbers: all, ...(now ? { sandbox: now } : {}) })
}
