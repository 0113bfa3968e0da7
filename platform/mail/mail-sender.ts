import type { Database } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Counter, Metrics } from '#platform/metrics'
import { type Clock, type Timer, timestamp, timestampToMs } from '#platform/time'
import { checkMessage, type MailRecord, type Templates } from './mail.ts'
import { MailStore, type Outcome } from './mail-store.ts'
import { MAILS } from './outbox.ts'
import { issueOf } from './smtp.ts'
import { MailRefused, type MailTransport } from './transport.ts'

/** Mails that are on their way at once. */
const AT_ONCE = 4
/** Whoever has taken a mail and is silent for so long has vanished, and it is sent again. */
const LEASE_MS = 2 * 60_000
/** An attempt takes no longer, whatever the server does; less than the lease, so that no other sender joins in. */
const LONGEST_ATTEMPT_MS = 60_000
/** The net below the pokes: how often it is looked for mails that are due. */
const LOOK_MS = 15_000
/** The wait after a first failure; it doubles. */
const FIRST_RETRY_MS = 15_000
const LONGEST_RETRY_MS = 30 * 60_000
/** After so long nobody waits for the mail any more. */
const GIVE_UP_MS = 24 * 60 * 60_000
/** How long a stop waits for mails on their way. */
const STOP_MS = 2_000

export interface MailSenderNeeds {
  db: Database
  clock: Clock
  ids: Ids
  log: Log
  metrics: Metrics
  transport: MailTransport
  templates: Templates
}

/**
 * Sends what is in the outbox: at once when a transaction has put something in, again with growing waits for a day where
 * it did not work. Safe to run in several processes; a mail is taken before it is sent, and taken over from who vanished.
 */
export class MailSender {
  readonly #needs: MailSenderNeeds
  readonly #store: MailStore
  readonly #ended: Counter<'kind' | 'outcome'>
  #timer: Timer | undefined
  #working: Promise<void> | undefined
  #again = false
  #isStopped = false

  constructor(needs: MailSenderNeeds) {
    this.#needs = needs
    this.#store = new MailStore(needs.db)
    this.#ended = needs.metrics.counter('mails_total', 'Attempts to send mails, by how they ended', ['kind', 'outcome'])
    needs.metrics.gauge('mails_unsent', 'Mails that wait or that failed', ['status'], async (gauge) => {
      // while the database is away the figures stay as they were
      const unsent = await this.#store.unsent().catch(() => undefined)
      for (const [status, count] of Object.entries(unsent ?? {})) gauge.set(count, { status })
    })
  }

  start(): void {
    this.#needs.db.onCommit((topics) => topics.has(MAILS) && this.#wake())
    this.#wake()
  }

  /** Begins nothing more. What is on its way after two seconds is sent again by whoever comes next. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#within(STOP_MS, this.#working ?? Promise.resolve())
  }

  /** Sends what is due; resolves when nothing is left that is due now. */
  async flush(): Promise<void> {
    while (!this.#isStopped && (await this.#sendSome()) > 0);
  }

  #wake(): void {
    this.#timer?.cancel()
    this.#again = true
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      if (this.#isStopped) return
      if (this.#again) this.#wake()
      else this.#timer = this.#needs.clock.after(LOOK_MS, () => this.#wake())
    })
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#isStopped) {
      this.#again = false
      try {
        await this.flush()
      } catch (err) {
        this.#needs.log.warn({ err }, 'the outbox of mails could not be worked on')
      }
    }
  }

  async #sendSome(): Promise<number> {
    const { clock, ids } = this.#needs
    const run = ids.uuid()
    const mails = await this.#store.claim(run, timestamp(clock.wallMs()), LEASE_MS, AT_ONCE)
    const ends = await Promise.allSettled(mails.map((mail) => this.#send(mail, run)))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed) throw failed.reason
    return mails.length
  }

  async #send(mail: MailRecord, run: string): Promise<void> {
    const { clock, log } = this.#needs
    const outcome = await this.#attempt(mail)
    this.#ended.inc({ kind: mail.kind, outcome: outcome?.status ?? 'dropped' })
    if (!outcome) return this.#store.drop(mail.id, run)
    const { status } = outcome
    const fields = { mail_id: mail.id, kind: mail.kind, attempts: mail.attempts }
    if ('issue' in outcome)
      log.warn(
        { ...fields, issue: outcome.issue },
        status === 'failed' ? 'a mail has failed' : 'a mail could not be sent yet',
      )
    else log.info(fields, `a mail was ${status}`)
    await this.#store.finish(mail.id, run, timestamp(clock.wallMs()), outcome)
  }

  /** How it ended; `undefined` where there is nothing to say. */
  async #attempt(mail: MailRecord): Promise<Outcome | undefined> {
    const { transport, templates, clock } = this.#needs
    const createdMs = timestampToMs(mail.tm_create) ?? 0
    try {
      const template = templates[mail.kind]
      if (!template) throw new Error(`there is no template for mails of the kind ${mail.kind}`)
      const written = await template(mail)
      if (!written) return undefined
      const message = checkMessage(written)
      await this.#bounded(transport.send({ ...message, id: mail.id, createdMs }))
      const { outcome: status } = transport
      return { status, subject: message.subject, content: status === 'kept' ? message.text : '' }
    } catch (error) {
      const issue = error instanceof MailRefused ? error.message : issueOf(error)
      const dueMs = clock.wallMs() + Math.min(FIRST_RETRY_MS * 2 ** Math.min(mail.attempts - 1, 20), LONGEST_RETRY_MS)
      if (error instanceof MailRefused || dueMs > createdMs + GIVE_UP_MS) return { status: 'failed', issue }
      return { status: 'waiting', issue, tm_due: timestamp(dueMs) }
    }
  }

  async #bounded(sending: Promise<void>): Promise<void> {
    let isDone = false
    await this.#within(
      LONGEST_ATTEMPT_MS,
      sending.finally(() => {
        isDone = true
      }),
    )
    if (!isDone) throw Object.assign(new Error('the mail server takes too long'), { code: 'ETIMEDOUT' })
  }

  /** Waits for it, but no longer than this. */
  async #within(ms: number, promise: Promise<void>): Promise<void> {
    let timer: Timer | undefined
    const late = new Promise<void>((resolve) => {
      timer = this.#needs.clock.after(ms, resolve)
    })
    try {
      await Promise.race([promise, late])
    } finally {
      timer?.cancel()
    }
  }
}
