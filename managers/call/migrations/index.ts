import type { Migration } from '#platform/db'
import { sql as calls } from './0001-calls.ts'
import { sql as groupcalls } from './0002-groupcalls.ts'
import { sql as recordings } from './0003-recordings.ts'
import { sql as outboundConfigs } from './0004-outbound-configs.ts'
import { sql as recordingsStored } from './0005-recordings-stored.ts'
import { sql as callsByOwner } from './0009-calls-by-owner.ts'
import { sql as transfers } from './0010-transfers.ts'
import { sql as callRoutes } from './0011-call-routes.ts'
import { sql as callsByEnd } from './0012-calls-by-end.ts'
import { sql as everyOutboundConfig } from './0013-every-customer-has-an-outbound-config.ts'
import { sql as groupcallsByMaster } from './0014-groupcalls-by-master.ts'
import { sql as recordingChecksums } from './0015-recording-checksums.ts'
import { sql as closedHistories } from './0016-closed-histories.ts'
import { sql as recordingsByEnd } from './0017-recordings-by-end.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner: 'call-manager', name: '0001-calls', sql: calls },
  { owner: 'call-manager', name: '0002-groupcalls', sql: groupcalls },
  { owner: 'call-manager', name: '0003-recordings', sql: recordings },
  { owner: 'call-manager', name: '0004-outbound-configs', sql: outboundConfigs },
  { owner: 'call-manager', name: '0005-recordings-stored', sql: recordingsStored },
  { owner: 'call-manager', name: '0009-calls-by-owner', sql: callsByOwner },
  { owner: 'call-manager', name: '0010-transfers', sql: transfers },
  { owner: 'call-manager', name: '0011-call-routes', sql: callRoutes },
  { owner: 'call-manager', name: '0012-calls-by-end', sql: callsByEnd },
  { owner: 'call-manager', name: '0013-every-customer-has-an-outbound-config', sql: everyOutboundConfig },
  { owner: 'call-manager', name: '0014-groupcalls-by-master', sql: groupcallsByMaster },
  { owner: 'call-manager', name: '0015-recording-checksums', sql: recordingChecksums },
  { owner: 'call-manager', name: '0016-closed-histories', sql: closedHistories },
  { owner: 'call-manager', name: '0017-recordings-by-end', sql: recordingsByEnd },
]
