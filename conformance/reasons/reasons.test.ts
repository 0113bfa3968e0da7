import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Platform } from '#testkit'
import { CAUSES, provokeAll, REASONS_SETTINGS } from './check-reasons.ts'

const RELEASED = fileURLToPath(new URL('../../docs/reference/errors/released.json', import.meta.url))
/** The managers whose reasons the API's owner has published. */
const PUBLISHED = [
  'api-manager',
  'call-manager',
  'flow-manager',
  'billing-manager',
  'number-manager',
  'provisioning-admin',
]

test('one run provokes each published reason over HTTP by its documented cause', async () => {
  const platform = await Platform.start(REASONS_SETTINGS)
  try {
    const wrong = (await provokeAll(platform)).filter(({ passed }) => !passed)
    assert.deepEqual(
      wrong.map(({ cause, answered }) => `${cause.domain}/${cause.reason}: ${answered}`),
      [],
    )
  } finally {
    await platform.stop()
  }
})

test('nothing of a published domain is promised for later', () => {
  const of = ({ domain, reason }: { domain: string; reason: string }) => `${domain}/${reason}`
  const released: { domain: string; reason: string; pending?: true }[] = JSON.parse(readFileSync(RELEASED, 'utf8'))
  const published = released.filter(({ domain }) => PUBLISHED.includes(domain))
  assert.deepEqual(published.filter(({ pending }) => pending).map(of), [])
  const names = new Set(published.map(of))
  assert.deepEqual(
    CAUSES.map(of).filter((name) => !names.has(name)),
    [],
  )
})
