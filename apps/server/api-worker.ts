/** The api role's thread: told where the database is, it starts, says where it listens, and stops when it is told to. */
import { constants, setPriority } from 'node:os'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { threadBus } from '#platform/bus'
import type { Connection } from '#platform/db'
import { openLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { ApiRole } from './api-role.ts'
import type { Config } from './config.ts'
import { keepIdleThreadSmall } from './idle-memory.ts'
import { reasons } from './reasons.ts'

/** What the main thread says. */
export type ToApi = { type: 'start'; connection: Connection } | { type: 'stop' }
/** What the api thread answers. */
export type FromApi = { type: 'listening'; url: string } | { type: 'stopped' }

// calls come first: an API storm and webhooks get the processor that calls leave (on Linux a priority is a thread's own)
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL)
const { config, port } = workerData as { config: Config; port: MessagePort }
const log = openLog(config.logLevel).child({ role: 'api' })
const bus = threadBus(port, { clock: systemClock, log, reasons })
let role: ApiRole | undefined

parentPort?.on('message', async (message: ToApi) => {
  if (message.type === 'start') {
    role = await ApiRole.start({ config, connection: message.connection, bus, log })
    say({ type: 'listening', url: role.url })
    keepIdleThreadSmall()
  } else {
    await role?.stop()
    say({ type: 'stopped' })
  }
})

function say(message: FromApi) {
  parentPort?.postMessage(message)
}
