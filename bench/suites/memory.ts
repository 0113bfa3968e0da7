import { familyOf, pause, proportionalBytes } from '#testkit'
import type { HeldCalls } from '../clients/call-load.ts'
import { type Row, row } from '../row.ts'
import type { Suite } from '../suite.ts'

const SETTLE_MS = 5_000
const HELD = 300
const MEGABYTE = 1 << 20

/** What it costs to be there, and to hold calls. */
export const memory: Suite = {
  rows: ['memory.idle_mb', 'memory.per_call_kb'],
  async run(getStage, wanted) {
    const stage = await getStage()
    const rows: Row[] = []
    if (wanted('memory.idle_mb')) {
      await stage.restart()
      await pause(SETTLE_MS)
      const idle = stage.memory()
      const bare = stage.start<{ port: number }>('baselines/bare-http.ts', stage.database())
      await bare.next()
      await pause(1_000)
      const bareBytes = proportionalBytes(familyOf(bare.pid))
      await bare.stop()
      rows.push(
        row(
          'memory.idle_mb',
          idle / MEGABYTE,
          'MB',
          `PSS of all processes and PostgreSQL, ${SETTLE_MS / 1000} s after a start`,
          {
            baseline: { name: 'a process of the bare framework, without PostgreSQL', value: bareBytes / MEGABYTE },
          },
        ),
      )
    }
    if (wanted('memory.per_call_kb')) {
      const service = await stage.numberThat([{ type: 'answer' }, { type: 'sleep', option: { duration: 60_000 } }])
      const holdCalls = async () => {
        const program = stage.start<HeldCalls>('clients/call-load.ts', {
          kind: 'hold',
          port: stage.sipPort,
          service,
          calls: HELD,
        })
        const { answered } = await program.next()
        await pause(2_000)
        const bytes = stage.memory()
        program.tell()
        await program.next()
        await program.stop()
        return { answered, bytes }
      }
      await holdCalls()
      await pause(SETTLE_MS)
      const before = stage.memory()
      const { answered, bytes } = await holdCalls()
      rows.push(
        row(
          'memory.per_call_kb',
          (bytes - before) / 1024 / Math.max(answered, 1),
          'kB',
          `growth of PSS by ${answered} answered calls on sleep, divided by them, second round; garbage not yet collected included`,
        ),
      )
    }
    return rows
  },
}
