import { type Connection, openDatabase } from '#platform/db'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { NodeIdentity, type NodeOptions } from '../index.ts'

/** One life of a node: in a test's own process, or as a child process to be killed (`node life.ts <json>`). */
export async function live(
  connection: Connection,
  dataDir: string,
  options: Partial<NodeOptions> = {},
): Promise<{ life: NodeIdentity; stop(): Promise<void> }> {
  const db = openDatabase({ connection, clock: systemClock, log: silentLog, name: 'node', size: 2 })
  await db.ready(10_000)
  const life = await NodeIdentity.start({ dataDir, db, clock: systemClock, ids: systemIds, log: silentLog, ...options })
  const stop = async () => {
    await life.end()
    await db.close()
  }
  return { life, stop }
}

if (process.argv[1] === import.meta.filename) {
  const { connection, dataDir, options } = JSON.parse(process.argv[2] ?? '{}')
  const { life } = await live(connection, dataDir, options)
  console.log(JSON.stringify({ node: life.node, incarnation: life.incarnation, code: life.code }))
}
