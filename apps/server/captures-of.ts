import { join } from 'node:path'
import { Captures } from '#managers/explain'
import type { Config } from './config.ts'

const MEGABYTE = 1024 * 1024

/** Where captured sound is: the call role writes it, the API reads and sweeps it. */
export function capturesOf(config: Config): Captures {
  const { dataDir, rtpDebugMegabytes, rtpDebugCustomerMegabytes, rtpDebugTotalMegabytes } = config
  return new Captures(join(dataDir, 'captures'), {
    perCall: rtpDebugMegabytes * MEGABYTE,
    perCustomerAndDay: rtpDebugCustomerMegabytes * MEGABYTE,
    total: rtpDebugTotalMegabytes * MEGABYTE,
  })
}
