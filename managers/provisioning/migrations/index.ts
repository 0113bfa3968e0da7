import type { Migration } from '#platform/db'
import { sql as provisioning } from './0001-provisioning.ts'
import { sql as providerCalls } from './0002-provider-calls.ts'
import { sql as registrations } from './0003-registrations.ts'
import { sql as emergencyNumbers } from './0004-emergency-numbers.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner: 'provisioning-admin', name: '0001-provisioning', sql: provisioning },
  { owner: 'provisioning-admin', name: '0002-provider-calls', sql: providerCalls },
  { owner: 'provisioning-admin', name: '0003-registrations', sql: registrations },
  { owner: 'provisioning-admin', name: '0004-emergency-numbers', sql: emergencyNumbers },
]
