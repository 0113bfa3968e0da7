/** For a test: a thread of low priority that asks the database, and says which process answers it and what its own priority is. */
import { getPriority, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { Connection } from '../database.ts'
import { Session } from '../session.ts'

setPriority(0, getPriority(0) + 5)
const session = await Session.open(workerData as Connection, { name: 'yielding' })
parentPort?.postMessage({ pid: session.backend, priority: getPriority(0) })
