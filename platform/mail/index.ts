/**
 * The mails of the platform itself (not those that customers send): an outbox that is written with the cause of a mail, a
 * sender with retries, and a folder where they are kept while there is no mail server.
 */
export { MailFolder } from './folder.ts'
export { forgetMails, MAILS_KEPT_MS } from './forget-mails.ts'
export { isMailbox, type Message, type NewMail, type Template, type Templates } from './mail.ts'
export { MailSender, type MailSenderNeeds } from './mail-sender.ts'
export { mailMigrations } from './migrations/index.ts'
export { MailOutbox } from './outbox.ts'
export { mailRoutes } from './routes.ts'
export { type Mailbox, SmtpTransport } from './smtp.ts'
export type { MailTransport } from './transport.ts'
