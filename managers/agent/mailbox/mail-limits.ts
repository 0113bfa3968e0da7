import type { AnyTransaction } from '#platform/db'
import { InvariantError } from '#platform/errors'
import { apiErrors, networkOf } from '#platform/http'
import type { Clock } from '#platform/time'
import { type AttemptRow, keyOf, LoginAttemptStore } from '../login-attempt-store.ts'

/** Mails within an hour that strangers may cause: to one mailbox, and from one address. */
const MOST = { mailbox: 5, address: 60 } as const
const HOUR_MS = 60 * 60_000

/**
 * Bounds the mails that whoever knows a mailbox can have sent there. The counts lie beside those of wrong passwords, by
 * hash, and know nothing of who has an account: what is refused says nothing about it.
 */
export class MailLimits {
  readonly #store = new LoginAttemptStore()
  readonly #clock: Clock

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  /**
   * Counts a mail that somebody asks for. False where the mailbox has had enough, which nobody is told;
   * `RATE_LIMIT_EXCEEDED` where the address asks too often.
   */
  async take(trx: AnyTransaction, mailbox: string, ip: string): Promise<boolean> {
    const nowMs = this.#clock.wallMs()
    const [toMailbox, fromAddress] = [keyOf('mail to', mailbox.toLowerCase()), keyOf('mail from', networkOf(ip))]
    const rows = await this.#store.lock(trx, [toMailbox, fromAddress].sort(), nowMs)
    const asked = oneMore(rows.get(fromAddress), MOST.address, nowMs)
    if (typeof asked === 'number') throw apiErrors.RATE_LIMIT_EXCEEDED({ limited_by: 'ip', retry_after: asked })
    const sent = oneMore(rows.get(toMailbox), MOST.mailbox, nowMs)
    await this.#store.save(trx, typeof sent === 'number' ? [asked] : [asked, sent])
    await this.#store.forgetSome(trx, nowMs)
    return typeof sent !== 'number'
  }
}

/** The count with one more, or how many seconds from now there is room for it. An hour begins with its first. */
function oneMore(row: AttemptRow | undefined, most: number, nowMs: number): AttemptRow | number {
  if (!row) throw new InvariantError('a count that was locked is not there')
  const isNewHour = row.failures === 0 || nowMs - row.lastMs >= HOUR_MS
  if (isNewHour) return { ...row, failures: 1, lastMs: nowMs, freeMs: nowMs }
  if (row.failures >= most) return Math.ceil((row.lastMs + HOUR_MS - nowMs) / 1000)
  return { ...row, failures: row.failures + 1 }
}
