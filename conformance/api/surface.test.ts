import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Platform } from '#testkit'

const surface = fileURLToPath(new URL('../../../shared/conformance/surface.mjs', import.meta.url))
const skip = existsSync(surface) ? false : 'the description of the surface (../shared/conformance) is not here'
if (skip) console.log(`surface.test.ts is skipped: ${skip}`)

/** What is served whole. */
const WHOLE = [
  '/auth,/me,/accesskeys,/agents,/calls,/customer,/customers,/extensions,/flows,/activeflows,/groupcalls,/recordings',
  '/recordingfiles,/tags,/transfers,/storage_account,/storage_accounts,/storage_files,/service_agents/agents',
  '/service_agents/me,/service_agents/calls,/service_agents/customer,/service_agents/extensions,/service_agents/files',
  '/service_agents/tags,/billing_account,/billing_accounts,/billings',
  '/aggregated-events',
].join(',')
/** What is served of other families. */
const PARTS = [
  'GET /numbers',
  'POST /numbers',
  'GET /numbers/{id}',
  'DELETE /numbers/{id}',
  'PUT /numbers/{id}/flow_ids',
  'GET /timelines/{resource_type}/{resource_id}/events',
  'GET /timelines/calls/{call_id}/sip-analysis',
  'GET /timelines/calls/{call_id}/pcap',
  'GET /ws',
  'GET /service_agents/ws',
]

let platform: Platform

before(async () => {
  if (!skip) platform = await Platform.start()
})
after(() => platform?.stop())

for (const [what, choice] of [
  ['every operation of the families that are served whole', ['--only', WHOLE]],
  ['the operations that are served of other families', ['--operations', PARTS.join(',')]],
] as const)
  test(`the served document has ${what}, with every parameter, field, enum value and status`, { skip }, async () => {
    const command = [surface, `${platform.http}/openapi.json`, ...choice, '--verbose']
    const { code, printed } = await run(command)
    assert.equal(code, 0, printed)
  })

async function run(command: readonly string[]): Promise<{ code: number; printed: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, command)
    return { code: 0, printed: stdout }
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string }
    return { code: code ?? 1, printed: stdout + stderr }
  }
}
