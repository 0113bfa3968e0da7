/**
 * Takes secrets out of SIP messages before they are kept. Each becomes asterisks of the same number, so that lengths stay
 * true; what identifies a party (names, realms, addresses) stays readable.
 *
 * It runs on the call role's loop over what strangers wrote: each expression below takes time in proportion to the message. None
 * may begin a scan at many places that each runs to the end of the message and fails there.
 */

/** Headers that hold credentials or challenges. */
const CREDENTIALS =
  /^((?:proxy-)?authorization|(?:www|proxy)-authenticate|authentication-info|proxy-authentication-info)[ \t]*:(.*(?:\r\n[ \t].*)*)/gim
/** Parameters of Digest that let somebody try passwords, or be somebody for a moment. */
const DIGEST = /\b(response|nonce|cnonce|nextnonce|rspauth|opaque)([ \t]*=[ \t]*)("(?:[^"\\]|\\.)*"|[^\s,]+)/gi
/** Lines of a session description that hold keys. */
const KEYS = /^(a=crypto:[^\r\n]*?inline:|a=crypto:\d+[ \t]+|a=ice-pwd:|a=key-mgmt:|k=)([^\r\n]*)/gim
/** What may stand before an `@` of a URI: its user and its password. Looked for in what cannot hold another `@`. */
const PASSWORD = /\b(sips?:([^\s:@<>";,]+):)(.+)$/i
/** Where the text before an `@` begins at the latest. */
const NO_USERINFO = /[\s<>"]/
/** Words of ours in the place of a user are no user. */
const OUR_WORDS = /^(agent|extension|conference|line|tel|sip)$/i
/** Parameters of URIs and headers that are credentials by their name. */
const TOKENS =
  /([;?&](?:[a-z0-9_-]*token|access[_-]?key|api[_-]?key|password|passwd|pwd|secret|sig|signature|credential)=)([^\s;?&>",]+)/gi

/** The same message without its secrets. */
export function maskSecrets(text: string): string {
  let masked = text
  if (/auth/i.test(masked)) masked = masked.replace(CREDENTIALS, maskCredentials)
  if (/^(a=(crypto|ice-pwd|key-mgmt):|k=)/im.test(masked))
    masked = masked.replace(KEYS, (_, name: string, value: string) => name + stars(value))
  masked = maskPasswords(masked)
  return masked.replace(TOKENS, (_, name: string, value: string) => name + stars(value))
}

/** From each `@` backwards, so that no text is looked at twice. */
function maskPasswords(text: string): string {
  const parts = text.split('@')
  const last = parts.pop()
  return [...parts.map(maskPassword), last].join('@')
}

function maskPassword(before: string): string {
  let from = before.length
  while (from > 0 && !NO_USERINFO.test(before.charAt(from - 1))) from--
  const userinfo = before.slice(from)
  return (
    before.slice(0, from) +
    userinfo.replace(PASSWORD, (whole, name: string, user: string, password: string) =>
      OUR_WORDS.test(user) ? whole : name + stars(password),
    )
  )
}

function maskCredentials(line: string, name: string, value: string): string {
  if (/^[ \t]*digest\b/i.test(value) || /info$/i.test(name))
    return line.replace(DIGEST, (_, parameter: string, equals: string, secret: string) =>
      secret.startsWith('"')
        ? `${parameter}${equals}"${stars(secret.slice(1, -1))}"`
        : parameter + equals + stars(secret),
    )
  // of another scheme (Basic, Bearer) nothing but its name
  const scheme = /^[ \t]*\S+[ \t]*/.exec(value)?.[0] ?? ''
  return line.slice(0, line.length - value.length) + scheme + value.slice(scheme.length).replace(/[^\r\n]/g, '*')
}

function stars(secret: string): string {
  return '*'.repeat(secret.length)
}
