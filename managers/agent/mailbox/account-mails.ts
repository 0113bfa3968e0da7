import { type CustomerRecord, type CustomerService, isLiving } from '#managers/customer'
import { NIL_UUID } from '#platform/ids'
import type { Message, Templates } from '#platform/mail'
import { GUEST_AGENT_ID } from '../agent.ts'
import type { AgentStore } from '../store.ts'
import type { MailedTokens } from './mailed-tokens.ts'

export interface AccountMailsNeeds {
  agents: AgentStore
  customers: CustomerService
  tokens: MailedTokens
  /** Where people reach the API, without a slash at its end: from a setting, never from what a request says of its host. */
  publicUrl: () => string
}

/** Why somebody is sent a link to set a password, by the kind of the mail. */
const PASSWORD_MAILS = {
  welcome: {
    subject: 'Your account is ready',
    why: 'An account has been made for you, and this address is your username.',
  },
  set_password: {
    subject: 'Set your password',
    why: 'Your e-mail address is confirmed, and it is your username.',
  },
  password_forgot: {
    subject: 'Set a new password',
    why: 'Somebody, most likely you, has asked for a new password for this address.',
  },
  signup_again: {
    subject: 'You have an account already',
    why: 'Somebody, most likely you, has signed up with this address, which has an account already.',
  },
} as const

/**
 * The mails about accounts. Each is about whoever has the mailbox at the moment when it is sent, and nothing that somebody
 * else has typed stands in it. To a mailbox without an account there is nothing to say.
 */
export function accountMails(needs: AccountMailsNeeds): Templates {
  const password = (kind: keyof typeof PASSWORD_MAILS) => (mail: { recipient: string }) =>
    passwordMail(needs, kind, mail.recipient)
  return {
    verify_email: (mail) => verification(needs, mail.recipient),
    welcome: password('welcome'),
    set_password: password('set_password'),
    password_forgot: password('password_forgot'),
    signup_again: async ({ recipient }) =>
      (await waiting(needs, recipient)) ?? (await passwordMail(needs, 'signup_again', recipient)),
  }
}

async function unverified({ customers }: AccountMailsNeeds, mailbox: string): Promise<CustomerRecord | undefined> {
  const customer = await customers.findByEmail(mailbox)
  return customer && isLiving(customer) && !customer.email_verified ? customer : undefined
}

/**
 * To who signs up while an earlier signup waits: no link. Whoever made the earlier one has a key to it, and may be somebody
 * else who waits for this click.
 */
async function waiting(needs: AccountMailsNeeds, mailbox: string): Promise<Message | undefined> {
  const customer = await unverified(needs, mailbox)
  return (
    customer && {
      to: customer.email,
      subject: 'A signup waits for your confirmation',
      text: letter(
        'Somebody has signed up with this address a while ago, and you have mail with a link that confirms it.',
        'If that was you, use that link. If it was not, leave it alone: what is not confirmed is removed within an hour, and ' +
          'then you can sign up yourself.',
      ),
    }
  )
}

async function verification(needs: AccountMailsNeeds, mailbox: string): Promise<Message | undefined> {
  const customer = await unverified(needs, mailbox)
  if (!customer) return undefined
  const { id, email } = customer
  const token = await needs.tokens.mint(id, { purpose: 'email_verify', agent_id: NIL_UUID, address: email })
  return {
    to: email,
    subject: 'Confirm your e-mail address',
    text: letter(
      'Somebody, most likely you, has signed up with this address. To confirm that it is yours, open:',
      `${needs.publicUrl()}/auth/email-verify?token=${token}`,
      'The link works for an hour. Whoever signed up has the account’s access key already: if it was not you, do nothing, and ' +
        'what is not confirmed is removed.',
    ),
  }
}

async function passwordMail(
  { agents, customers, tokens, publicUrl }: AccountMailsNeeds,
  kind: keyof typeof PASSWORD_MAILS,
  mailbox: string,
): Promise<Message | undefined> {
  const agent = await agents.findByUsername(mailbox)
  if (!agent || agent.id === GUEST_AGENT_ID) return undefined
  const { id: agent_id, customer_id, username } = agent
  const customer = await customers.find(customer_id)
  if (!customer || !isLiving(customer)) return undefined
  const token = await tokens.mint(customer_id, { purpose: 'password_set', agent_id, address: username })
  const { subject, why } = PASSWORD_MAILS[kind]
  return {
    to: username,
    subject,
    text: letter(
      `${why} To set a password, open:`,
      `${publicUrl()}/auth/password-reset?token=${token}`,
      'The link works for an hour and once; the page behind it sends you a new one. If you have not asked for it, do nothing.',
    ),
  }
}

function letter(...paragraphs: string[]): string {
  return `${paragraphs.join('\n\n')}\n`
}
