/** The program: reads the settings, runs the platform, and stops it when it is told to. */
import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { openLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { readConfig, SettingsError } from './config.ts'
import { helpText } from './help.ts'
import { keepIdleThreadSmall } from './idle-memory.ts'

/** How long a failed platform may take to stop. */
const STOP_MS = 5_000

enableCompileCache()
// of this thread's heap, which exists: other threads' limits are their own, and a flag would go before them
setFlagsFromString('--max-semi-space-size=0')
if (process.argv.includes('--help')) console.log(helpText())
else await main()

async function main(): Promise<void> {
  const config = readSettings()
  if (!config) return
  const log = openLog(config.logLevel)
  const { RunningPlatform } = await import('./platform.ts')
  const starting = RunningPlatform.start(config, log)
  starting.catch((error) => {
    console.error(whyNot(error))
    log.debug({ err: error }, 'the platform did not start')
    process.exit(1)
  })
  const endDrain = new AbortController()
  let signals = 0
  const stop = async (code: number) => {
    try {
      await (await starting).stop(endDrain.signal)
    } catch (error) {
      log.error({ err: error }, 'the platform did not stop cleanly')
      process.exit(1)
    }
    process.exit(code)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (signals++ === 0) void stop(0)
      else endDrain.abort()
    })
  const platform = await starting
  console.log(platform.banner)
  keepIdleThreadSmall()
  platform.failed.catch((error) => {
    log.error({ err: error }, 'the platform cannot go on')
    systemClock.after(STOP_MS, () => process.exit(1))
    return stop(1)
  })
}

function readSettings() {
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    console.error(`${error.message}\nnpm start -- --help lists the settings.`)
    process.exitCode = 1
    return undefined
  }
}

/** What keeps the platform from running, in a sentence for the operator. */
function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE')
    return (
      `Another program, perhaps another Strowger, listens on ${address} port ${port} already. ` +
      'Stop it, or choose another port with STROWGER_HTTP_PORT or STROWGER_SIP_PORT.'
    )
  return error.message
}
