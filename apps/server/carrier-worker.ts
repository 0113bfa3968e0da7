/** The sandbox carrier's thread: starts, says where it listens, is told which platform it serves, stops when it is told to. */
import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { RunningCarrier, readScript, type Trunk } from '#carrier'
import { systemIds } from '#platform/ids'
import { type LogLevel, openLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { keepIdleThreadSmall } from './idle-memory.ts'

/** What the thread is started with. */
export interface CarrierStart {
  host: string
  port: number
  apiPort: number
  rtpPorts: { first: number; last: number }
  folder: string
  logLevel: LogLevel
}

/** What the main thread says. */
export type ToCarrier = { type: 'serve'; trunk: Trunk } | { type: 'stop' }
/** What the thread answers. */
export type FromCarrier = { type: 'listening'; address: string; port: number; api: string } | { type: 'stopped' }

// it plays the network for tests and trials: whatever the platform does comes first (on Linux a priority is a thread's own)
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL)
const { logLevel, ...start } = workerData as CarrierStart
const log = openLog(logLevel).child({ role: 'carrier' })
const running = await RunningCarrier.start({
  ...{ ...start, log, clock: systemClock, ids: systemIds, script: readScript() },
})

parentPort?.on('message', async (message: ToCarrier) => {
  if (message.type === 'serve') running.serve(message.trunk)
  else {
    await running.stop()
    say({ type: 'stopped' })
  }
})
say({ type: 'listening', ...running.sip, api: running.api })
keepIdleThreadSmall()

function say(message: FromCarrier) {
  parentPort?.postMessage(message)
}
