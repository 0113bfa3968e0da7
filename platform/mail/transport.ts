import type { Message } from './mail.ts'

/** A mail on its way out: the message, and the id and time that stay the same however often it is tried. */
export interface OutgoingMail extends Message {
  id: string
  createdMs: number
}

/** What mails leave by. */
export interface MailTransport {
  /** What has become of a mail that was handed over: it left, or it lies here for the super admin to read. */
  readonly outcome: 'sent' | 'kept'
  /** Hands a mail over. Rejects with `MailRefused` where another attempt is useless, with anything else where it is not. */
  send(mail: OutgoingMail): Promise<void>
}

/** Whoever was to take the mail never will. */
export class MailRefused extends Error {
  override name = 'MailRefused'
}
