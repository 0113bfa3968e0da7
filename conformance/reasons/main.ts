/**
 * `npm run check:reasons`: provokes every reason of the published catalogue on a running platform, over HTTP, each by its
 * documented cause, and lists what was answered.
 */
import { Platform } from '#testkit'
import { provokeAll, REASONS_SETTINGS } from './check-reasons.ts'

const platform = await Platform.start(REASONS_SETTINGS)
let failed = 0
try {
  await provokeAll(platform, ({ cause, answered, passed }) => {
    if (!passed) failed++
    const line = [cause.domain.padEnd(18), cause.reason.padEnd(30), cause.status, cause.request].join('  ')
    console.log(passed ? `✔ ${line}` : `✖ ${line}\n  answered: ${answered}`)
  })
} finally {
  await platform.stop()
}
console.log(failed === 0 ? 'every reason was provoked' : `${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
