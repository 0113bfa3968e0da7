import type { Database } from '#platform/db'
import { type Clock, timestamp } from '#platform/time'
import type { MailFolder } from './folder.ts'
import { MailStore } from './mail-store.ts'

/** So long it can be seen what became of a mail. */
export const MAILS_KEPT_MS = 7 * 86_400_000
const BATCH = 1_000

/** Forgets mails that were done with a week ago, with the files of those that were kept. */
export async function forgetMails(
  { db, clock, folder }: { db: Database; clock: Clock; folder: MailFolder },
  signal: AbortSignal,
): Promise<void> {
  const beforeMs = clock.wallMs() - MAILS_KEPT_MS
  const store = new MailStore(db)
  while (!signal.aborted && (await store.forget(timestamp(beforeMs), BATCH)) === BATCH);
  await folder.forget(beforeMs)
}
