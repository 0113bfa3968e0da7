import { type AnyTransaction, noteInTransaction } from '#platform/db'
import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { isMailbox, type NewMail } from './mail.ts'
import { insertMail } from './mail-store.ts'

/** What a transaction notes that has put a mail into the outbox. */
export const MAILS = 'mails'

/** Where whoever has a reason to write to somebody puts the mail, in the transaction of the reason. */
export class MailOutbox {
  readonly #clock: Clock
  readonly #ids: Ids

  constructor({ clock, ids }: { clock: Clock; ids: Ids }) {
    this.#clock = clock
    this.#ids = ids
  }

  /** The mail is sent if and when the transaction commits, once in ordinary operation, again after a crash in the middle. */
  async post(trx: AnyTransaction, mail: NewMail): Promise<void> {
    if (!isMailbox(mail.to)) throw new Error('a mail is addressed to something that is no mailbox')
    await insertMail(trx, mail.customer_id, { ...mail, id: this.#ids.uuid(), now: timestamp(this.#clock.wallMs()) })
    noteInTransaction(MAILS)
  }
}
