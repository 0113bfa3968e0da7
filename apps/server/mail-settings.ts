import { isMailbox, type Mailbox } from '#platform/mail'

/** Reads `smtp://user:password@host:587` or `smtps://…`; `undefined` when it is no such thing. */
export function readSmtpUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, hostname } = new URL(text)
  return /^smtps?:$/.test(protocol) && hostname !== '' ? text : undefined
}

/** Reads `Name <local@domain>` or `local@domain`; `undefined` when it is neither. */
export function readMailbox(text: string): Mailbox | undefined {
  const [, name = '', address = text] = /^([^<>"\\,;:@\p{Cc}]{1,100}?) ?<([^<>]+)>$/u.exec(text) ?? []
  return isMailbox(address) ? { name: name.trim(), address } : undefined
}

/** Reads an http or https address that paths can be put behind, without the slash at its end. */
export function readBaseUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, search, hash, username, href } = new URL(text)
  if (!/^https?:$/.test(protocol) || search || hash || username) return undefined
  return href.replace(/\/+$/, '')
}
