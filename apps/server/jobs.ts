import type { Mailboxes } from '#managers/agent'
import type { Auditor, MonthlyTopUp, SpendingLimits } from '#managers/billing'
import type { ClosedHistories, RecordingRetention } from '#managers/call'
import type { CustomerLifecycle } from '#managers/customer'
import type { NumberRenewals, NumberService } from '#managers/number'
import type { Database } from '#platform/db'
import { dropLedgerBefore } from '#platform/events'
import type { Idempotency } from '#platform/http'
import type { Job } from '#platform/jobs'
import type { Log } from '#platform/log'
import { forgetMails, type MailFolder } from '#platform/mail'
import { type Clock, timestamp } from '#platform/time'

const DAY_MS = 86_400_000

export interface PlatformJobsNeeds {
  db: Database
  clock: Clock
  log: Log
  lifecycle: CustomerLifecycle
  mailboxes: Mailboxes
  numbers: NumberService
  numberRenewals: NumberRenewals
  idempotency: Idempotency
  mailFolder: MailFolder
  topUp: MonthlyTopUp
  auditor: Auditor
  spending: SpendingLimits
  closedHistories: Pick<ClosedHistories, 'run'>
  recordingRetention: Pick<RecordingRetention, 'deleteSome'>
  /** Days that events are kept. */
  eventDays: number
}

/** Everything that the platform does by the clock, once however many processes there are. */
export function platformJobs(needs: PlatformJobsNeeds): Job[] {
  const { db, clock, log, lifecycle, mailboxes, numbers, numberRenewals, idempotency, eventDays } = needs
  const { mailFolder: folder, topUp, auditor, spending, closedHistories, recordingRetention } = needs
  return [
    {
      name: 'delete_frozen_customers',
      schedule: '0 * * * *',
      run: (signal) => untilNoneIsLeft(signal, () => lifecycle.deleteExpired()),
    },
    {
      name: 'expire_unverified_customers',
      schedule: '*/15 * * * *',
      run: (signal) => untilNoneIsLeft(signal, () => lifecycle.expireUnverified()),
    },
    {
      name: 'delete_closed_histories',
      schedule: '* * * * *',
      run: (signal) => closedHistories.run(signal),
    },
    {
      name: 'delete_old_recordings',
      schedule: '10 * * * *',
      run: (signal) => untilNoneIsLeft(signal, () => recordingRetention.deleteSome()),
    },
    {
      name: 'drop_old_events',
      schedule: '30 3 * * *',
      run: async () => {
        const days = await dropLedgerBefore(db, timestamp(clock.wallMs() - eventDays * DAY_MS).slice(0, 10))
        if (days.length > 0) log.info({ days: days.length }, 'old days of the ledger were dropped')
      },
    },
    {
      name: 'forget_idempotency_keys',
      schedule: '*/10 * * * *',
      run: (signal) => idempotency.forgetOld(signal),
    },
    {
      name: 'forget_mails',
      schedule: '45 3 * * *',
      run: (signal) => forgetMails({ db, clock, folder }, signal),
    },
    {
      name: 'number_renew',
      schedule: '0 1 * * *',
      run: (signal) => numberRenewals.renewDue(signal),
    },
    {
      name: 'settle_number_purchases',
      schedule: '*/2 * * * *',
      run: async (signal) => {
        await numbers.settlePurchases(signal, ({ number, vendor, state }, error) =>
          log.warn({ number, vendor, state, error }, 'a number was not given back to its vendor yet'),
        )
      },
    },
    {
      name: 'forget_mailed_links',
      schedule: '5 * * * *',
      run: () => mailboxes.forgetOldLinks(),
    },
    {
      name: 'top_up_tokens',
      schedule: '1 * * * *',
      run: (signal) => untilNoneIsLeft(signal, () => topUp.topUpSome()),
    },
    {
      name: 'forget_spending',
      schedule: '50 3 * * *',
      run: (signal) => untilNoneIsLeft(signal, () => spending.forgetSome()),
    },
    {
      name: 'audit_billing',
      schedule: '20 * * * *',
      run: async (signal) => void (await auditor.run(signal)),
    },
  ]
}

/** Does a bounded piece of the work again and again, until one finds nothing to do. */
async function untilNoneIsLeft(signal: AbortSignal, someOfIt: () => Promise<number>): Promise<void> {
  while (!signal.aborted && (await someOfIt()) > 0);
}
