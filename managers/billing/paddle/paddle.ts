import type { Database } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { OutboundClient } from '#platform/outbound'
import type { Clock } from '#platform/time'
import type { PlanType } from '../account.ts'
import type { BillingService } from '../service.ts'
import { BillingStore } from '../store.ts'
import { PaddleEvents } from './paddle-events.ts'
import { PaddlePortal } from './paddle-portal.ts'

/** How the operator has set Paddle up; what is `undefined` is not. */
export interface PaddleSettings {
  api: { url: string; key: string } | undefined
  /** Of the notification setting. */
  webhookSecret: string | undefined
  planOfPrice: ReadonlyMap<string, PlanType>
}

/** Payments by Paddle: what it tells is booked, and its portal is opened. */
export interface Paddle {
  events: PaddleEvents
  portal: PaddlePortal
}

/** Everything else works without it. */
export function createPaddle(needs: {
  db: Database
  clock: Clock
  ids: Ids
  log: Log
  billing: BillingService
  outbound: Pick<OutboundClient, 'request'>
  settings: PaddleSettings
}): Paddle {
  const { db, clock, ids, log, billing, outbound, settings } = needs
  const { ledger, accounts } = billing
  const store = new BillingStore(db)
  return {
    events: new PaddleEvents({ db, clock, ids, log, store, ledger, ...settings }),
    portal: new PaddlePortal({ accounts, outbound, log, api: settings.api }),
  }
}
