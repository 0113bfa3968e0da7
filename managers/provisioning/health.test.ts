import assert from 'node:assert/strict'
import { test } from 'node:test'
import { healthAfter } from './health.ts'
import type { ProviderRecord } from './provider.ts'

/** What is known after these probes: `+` answered, `-` silent. */
function after(probes: string, health_status: ProviderRecord['health_status'] = 'unknown') {
  let known: Pick<ProviderRecord, 'health_status' | 'health_streak'> = { health_status, health_streak: 0 }
  for (const probe of probes) known = healthAfter(known, probe === '+')
  return known.health_status
}

test('one probe decides nothing but that a new provider is alive', () => {
  assert.equal(after('+'), 'healthy')
  assert.equal(after('-'), 'unknown')
  assert.equal(after('--', 'healthy'), 'healthy')
  assert.equal(after('+', 'unhealthy'), 'unhealthy')
})

test('three silences in a row make it unhealthy, two answers healthy again', () => {
  assert.equal(after('---'), 'unhealthy')
  assert.equal(after('---', 'healthy'), 'unhealthy')
  assert.equal(after('--+--', 'healthy'), 'healthy')
  assert.equal(after('++', 'unhealthy'), 'healthy')
  assert.equal(after(`${'-'.repeat(100)}++`), 'healthy')
})
