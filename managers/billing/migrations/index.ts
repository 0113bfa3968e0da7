import type { Migration } from '#platform/db'
import { sql as accounts } from './0001-billing-accounts.ts'
import { sql as billings } from './0002-billings.ts'
import { sql as reservations } from './0010-reservations.ts'
import { sql as spendingLimits } from './0011-spending-limits.ts'
import { sql as paddleSubscriptions } from './0014-paddle-subscriptions.ts'
import { sql as reservationsBegun } from './0020-reservations-begun.ts'
import { sql as reservationsSeen } from './0021-reservations-seen.ts'
import { sql as reservationsLives } from './0022-reservations-lives.ts'
import { sql as quarantineOutside } from './0023-quarantine-outside.ts'
import { sql as quarantineForgotten } from './0024-quarantine-forgotten.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner: 'billing-manager', name: '0001-billing-accounts', sql: accounts },
  { owner: 'billing-manager', name: '0002-billings', sql: billings },
  { owner: 'billing-manager', name: '0010-reservations', sql: reservations },
  { owner: 'billing-manager', name: '0011-spending-limits', sql: spendingLimits },
  { owner: 'billing-manager', name: '0014-paddle-subscriptions', sql: paddleSubscriptions },
  { owner: 'billing-manager', name: '0020-reservations-begun', sql: reservationsBegun },
  { owner: 'billing-manager', name: '0021-reservations-seen', sql: reservationsSeen },
  { owner: 'billing-manager', name: '0022-reservations-lives', sql: reservationsLives },
  { owner: 'billing-manager', name: '0023-quarantine-outside', sql: quarantineOutside },
  { owner: 'billing-manager', name: '0024-quarantine-forgotten', sql: quarantineForgotten },
]
