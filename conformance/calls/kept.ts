import assert from 'node:assert/strict'
import { eventually, openFiles, type Platform } from '#testkit'

/** A finished transaction over UDP is kept for 64*T1 = 32 s (RFC 3261 §17.2); then everything must be as it was. */
export const SETTLED_MS = 60_000

/** What must not grow: files, sockets and timers of the process, and everything that the SIP stack and calls keep. */
export async function kept(platform: Platform): Promise<Record<string, number>> {
  const figures: Record<string, number> = { open_files: openFiles(platform.child.pid) }
  const text = await (await fetch(`${platform.http}/metrics`)).text()
  const wanted =
    /^strowger_(calls_live|activeflows_running|lane_writes_waiting|call_role_resources\{.*\}|sip_kept\{.*\}) (\d+)$/gm
  for (const [, name = '', value] of text.matchAll(wanted)) figures[name] = Number(value)
  assert.ok(Object.keys(figures).length > 6, text)
  return figures
}

/** Waits until the SIP stack has forgotten every transaction and dialog. */
export function forgotten(platform: Platform): Promise<unknown> {
  return eventually(
    'the SIP stack has forgotten what was',
    async () =>
      Object.entries(await kept(platform)).every(([name, value]) => !name.startsWith('sip_kept') || value === 0),
    SETTLED_MS,
  )
}

/** Waits until nothing is kept that was not kept at the baseline. */
export async function settled(platform: Platform, baseline: Record<string, number>): Promise<void> {
  const within = ([name, value]: [string, number]) => value <= (baseline[name] ?? 0) + slack(name)
  await eventually(
    'everything is as it was',
    async () => Object.entries(await kept(platform)).every(within),
    SETTLED_MS,
  ).catch(async (error) => {
    const now = JSON.stringify(await kept(platform))
    throw new Error(`${error.message}\nbefore ${JSON.stringify(baseline)}\nafter ${now}`)
  })
}

/** Connections to the database, keep-alives of the test itself and threads that start when they are first needed come and go. */
function slack(name: string): number {
  if (name === 'open_files') return 16
  return name.includes('resources') ? 6 : 0
}
