import type { Migration } from '#platform/db'
import { sql as agents } from './0001-agents.ts'
import { sql as attempts } from './0002-login-attempts.ts'
import { sql as rings } from './0003-agent-rings.ts'
import { sql as delegations } from './0004-delegations.ts'
import { sql as mailedTokens } from './0005-mailed-tokens.ts'

const owner = 'agent-manager'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner, name: '0001-agents', sql: agents },
  { owner, name: '0002-login-attempts', sql: attempts },
  { owner, name: '0003-agent-rings', sql: rings },
  { owner, name: '0004-delegations', sql: delegations },
  { owner, name: '0005-mailed-tokens', sql: mailedTokens },
]
