import type { Timestamp } from '#platform/time'

/** `waiting` to be sent, `sent`, `kept` because there is nothing to send it by, or `failed` for good. */
export const MAIL_STATUSES = ['waiting', 'sent', 'kept', 'failed'] as const
export type MailStatus = (typeof MAIL_STATUSES)[number]

/** A mail that has to be sent: what it is about, not what it says. */
export interface NewMail {
  /** Which template writes it. */
  kind: string
  /** Whose mail it is; nobody's (the nil UUID) where only a mailbox is known. */
  customer_id: string
  /** The mailbox, as `local@domain`. */
  to: string
}

/** A mail of the outbox. */
export interface MailRecord {
  id: string
  customer_id: string
  kind: string
  recipient: string
  /** Empty until it has been written for the first time. */
  subject: string
  /** The text of a kept mail; empty in every other state, because the links in it are secrets. */
  content: string
  status: MailStatus
  /** Attempts that have begun. */
  attempts: number
  /** Why the last attempt failed. */
  issue: string
  /** When it is tried next. */
  tm_due: Timestamp
  /** Who tries it, until `tm_lease` by the database's time. */
  run: string | null
  tm_lease: Timestamp | null
  tm_create: Timestamp
  tm_update: Timestamp | null
}

/** A mail as it is sent: plain text to one mailbox. */
export interface Message {
  to: string
  subject: string
  text: string
}

/**
 * Writes a mail of one kind at the moment when it is sent, so that a link in it is as fresh as it can be and is kept by
 * nobody but its reader. `undefined`: there is nothing to say (any more), and the mail is forgotten. Each attempt asks anew.
 */
export type Template = (
  mail: Pick<MailRecord, 'id' | 'kind' | 'customer_id' | 'recipient'>,
) => Promise<Message | undefined>

/** By kind. */
export type Templates = Readonly<Record<string, Template>>

const MAILBOX = /^[!#$%&'*+/=?^_`{|}~.0-9A-Za-z-]{1,64}@[0-9A-Za-z.-]{1,190}$/

/**
 * Whether a text can stand in a header as a mailbox and be nothing else there: no space, no line end, no comma, no angle
 * bracket, no quotes.
 */
export function isMailbox(text: string): boolean {
  return MAILBOX.test(text)
}

/** The message, or a fault of the program when something in it would become more than it is. */
export function checkMessage(message: Message): Message {
  if (!isMailbox(message.to)) throw new Error('a mail is addressed to something that is no mailbox')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  if (/[\x00-\x1f\x7f\u0085\u2028\u2029]/.test(message.subject)) throw new Error('a subject has more than one line')
  return message
}
