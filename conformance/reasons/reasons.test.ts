import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalogueRows } from '#platform/http'
import { Platform } from '#testkit'
import { catalogues } from '../../apps/server/catalogue.ts'
import { CAUSES, provokeAll, REASONS_SETTINGS } from './check-reasons.ts'

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
  const rows = catalogueRows(catalogues).filter(({ domain }) => PUBLISHED.includes(domain))
  assert.deepEqual(
    rows.filter(({ pending }) => pending).map(({ domain, reason }) => `${domain}/${reason}`),
    [],
  )
  for (const { domain, reason } of CAUSES)
    assert.ok(
      rows.some((row) => row.domain === domain && row.reason === reason),
      `${domain}/${reason}`,
    )
})
