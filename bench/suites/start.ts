import { spawnSync } from 'node:child_process'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { databaseProcesses, eventually, familyOf, signalAll } from '#testkit'
import { type Row, row } from '../row.ts'
import { Samples } from '../samples.ts'
import type { Stage } from '../stage.ts'
import type { Suite } from '../suite.ts'

const STARTS = 3
const KILLS = 2

/** How soon the platform is there. */
export const start: Suite = {
  rows: ['start.ready_ms', 'start.after_kill_ms'],
  async run(getStage, wanted) {
    const stage = await getStage()
    const rows: Row[] = []
    const baseline = { name: 'node with an empty program', value: emptyProgramMs() }
    if (wanted('start.ready_ms')) {
      const took = new Samples()
      for (let time = 0; time < STARTS; time++) {
        await stage.platform.child.stop('SIGTERM', 8_000)
        took.add(await startAgain(stage))
      }
      const method = `process start to /health 200 and OPTIONS 200, existing installation, median of ${STARTS}, looked at every 20 ms`
      rows.push(row('start.ready_ms', took.median, 'ms', method, { baseline }))
    }
    if (wanted('start.after_kill_ms')) {
      const took = new Samples()
      for (let time = 0; time < KILLS; time++) {
        await killEverything(stage)
        took.add(await startAgain(stage))
      }
      const method = `the same after kill -9 of every process and PostgreSQL, the slowest of ${KILLS}`
      rows.push(row('start.after_kill_ms', took.percentile(1), 'ms', method, { baseline }))
    }
    return rows
  },
}

async function startAgain(stage: Stage): Promise<number> {
  const startMs = performance.now()
  const sip = sipAnswers(stage.sipPort)
  await stage.platform.run()
  await sip
  return performance.now() - startMs
}

async function killEverything({ platform }: Stage): Promise<void> {
  const pids = [...familyOf(platform.child.pid), ...databaseProcesses(platform)]
  signalAll(pids, 'SIGKILL')
  await platform.child.ended
  await eventually('everything is gone', () => pids.every((pid) => !isAlive(pid)))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Resolves when OPTIONS is answered by 200. */
async function sipAnswers(port: number): Promise<void> {
  const socket = dgram.createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const mine = socket.address().port
  let answered = false
  socket.on('message', (data) => {
    answered ||= data.toString('latin1', 0, 11) === 'SIP/2.0 200'
  })
  socket.on('error', () => {})
  let asked = 0
  await eventually(
    'SIP answers',
    () => {
      const id = `ready-${mine}-${++asked}`
      socket.send(
        `OPTIONS sip:127.0.0.1:${port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${mine};branch=z9hG4bK${id};rport\r\n` +
          `Max-Forwards: 70\r\nFrom: <sip:bench@127.0.0.1>;tag=b\r\nTo: <sip:127.0.0.1:${port}>\r\nCall-ID: ${id}\r\n` +
          'CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n',
        port,
        '127.0.0.1',
      )
      return answered
    },
    30_000,
  )
  socket.close()
}

function emptyProgramMs(): number {
  const took = new Samples()
  for (let time = 0; time < 3; time++) {
    const startMs = performance.now()
    spawnSync(process.execPath, ['-e', '0'])
    took.add(performance.now() - startMs)
  }
  return took.median
}
