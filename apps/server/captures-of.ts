import { join } from 'node:path'
import { Captures } from '#managers/explain'
import type { Config } from './config.ts'

/** Where captured sound is: the call role writes it, the API reads and sweeps it. */
export function capturesOf({ dataDir, rtpDebugMegabytes }: Config): Captures {
  return new Captures(join(dataDir, 'captures'), rtpDebugMegabytes * 1024 * 1024)
}
