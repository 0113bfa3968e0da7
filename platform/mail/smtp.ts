import type { Transporter } from 'nodemailer'
import { MailRefused, type MailTransport, type OutgoingMail } from './transport.ts'

/** Milliseconds to connect, to be greeted, and of silence after that. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, dnsTimeout: 10_000 }

/** What a failure of the library says in fields; its texts are for people. */
interface SmtpFailure {
  code?: unknown
  responseCode?: unknown
}

/** The answer to the recipient or to the message itself, as opposed to the connection or the login. */
const ABOUT_THE_MAIL = ['EENVELOPE', 'EMESSAGE']

/** Sends by a mail server, as in `smtp://user:password@host:587`; `smtps:` begins with TLS, `smtp:` asks for STARTTLS. */
export class SmtpTransport implements MailTransport {
  readonly outcome = 'sent'
  readonly #from: Mailbox
  readonly #url: string
  #mailer: Promise<Transporter> | undefined

  constructor({ url, from }: { url: string; from: Mailbox }) {
    this.#from = from
    this.#url = url
  }

  async send({ id, createdMs, to, subject, text }: OutgoingMail): Promise<void> {
    const { address } = this.#from
    try {
      this.#mailer ??= openMailer(this.#url)
      await (await this.#mailer).sendMail({
        envelope: { from: address, to: [to] },
        from: this.#from,
        to: { name: '', address: to },
        subject,
        text,
        // the same for every attempt, so that a mail that came twice is known as one
        messageId: `<${id}@${address.slice(address.lastIndexOf('@') + 1)}>`,
        date: new Date(createdMs),
        // nobody's vacation answers it (RFC 3834)
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
    } catch (error) {
      if (isFinal(error)) throw new MailRefused(issueOf(error), { cause: error })
      throw error
    }
  }
}

/** The library is loaded with the first mail: other threads use this folder for its outbox only. */
async function openMailer(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  return createTransport({ url, ...TIMEOUTS, disableFileAccess: true, disableUrlAccess: true })
}

/** A mailbox with the name that is shown beside it. */
export interface Mailbox {
  name: string
  address: string
}

/** A 5xx answer to the recipient or the message is final (RFC 5321 §4.2.1); all else may be otherwise next time. */
function isFinal(error: unknown): boolean {
  const { code, responseCode } = error as SmtpFailure
  return ABOUT_THE_MAIL.includes(String(code)) && typeof responseCode === 'number' && responseCode >= 500
}

/** What the super admin is told: the server's code, else the kind of failure. Never its text, which may repeat anything. */
export function issueOf(error: unknown): string {
  const { code, responseCode } = (error ?? {}) as SmtpFailure
  if (typeof responseCode === 'number') return `the mail server answered ${responseCode} (${String(code)})`
  return typeof code === 'string' ? `the mail server cannot be used (${code})` : 'the mail could not be written'
}
