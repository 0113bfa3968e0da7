/** The program: reads its settings, runs the carrier by itself, and stops it when it is told to. */

import { systemIds } from '#platform/ids'
import { openLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { RunningCarrier } from './running-carrier.ts'
import { readScript, type Script } from './script.ts'
import { helpText, readSettings } from './settings.ts'
import { ScriptFault } from './steps.ts'

if (process.argv.includes('--help')) console.log(helpText())
else await main()

async function main(): Promise<void> {
  const read = readSettings(process.env)
  if ('faults' in read) {
    console.error(`These settings cannot be used:\n${read.faults.map((fault) => `  ${fault}`).join('\n')}`)
    process.exitCode = 1
    return
  }
  const { settings } = read
  const script = scriptAt(settings.script)
  if (!script) return
  if (process.argv.includes('--numbers')) {
    console.log(tableOf(script))
    return
  }
  const log = openLog(settings.logLevel)
  const running = await RunningCarrier.start({ ...settings, clock: systemClock, ids: systemIds, log, script })
  if (settings.trunk) running.serve({ ...settings.trunk, domain: settings.domain })
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void running.stop().then(() => process.exit(0)))
  const { address, port } = running.sip
  console.log(`
The sandbox carrier is ready.

  SIP       UDP and TCP ${address}:${port}
  API       ${running.api}/calls   (what can be dialled: ${running.api}/numbers)
  Platform  ${settings.trunk ? `${settings.trunk.address}:${settings.trunk.port}` : 'none'}
`)
}

function scriptAt(file: string | undefined): Script | undefined {
  try {
    return readScript(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!(error instanceof ScriptFault) && code === undefined) throw error
    console.error(`The script ${file} cannot be used: ${(error as Error).message}`)
    process.exitCode = 1
    return undefined
  }
}

function tableOf({ numbers }: Script): string {
  return numbers.rows.map(({ number, does }) => `  ${number}  ${does}`).join('\n')
}
