/** The longest URL that is requested. */
const LONGEST_URL = 8_192

/** The URL if it is absolute, http or https, and has a host. */
export function parseTarget(text: string, base?: URL): URL | undefined {
  if (text.length > LONGEST_URL || !URL.canParse(text, base?.href)) return undefined
  const url = new URL(text, base)
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '' ? url : undefined
}

/** `Authorization` for the user and password of a URL; `undefined` where it has none. */
export function basicAuthorization(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  const text = `${decode(url.username)}:${decode(url.password)}`
  return `Basic ${Buffer.from(text).toString('base64')}`
}

/** A URL as it may be shown: without user and password, and not longer than this; empty where it is none. */
export function shownUrl(text: string, longest = 2_048): string {
  const url = parseTarget(text)
  return url ? withoutCredentials(url).slice(0, longest) : ''
}

/** The URL as it may be shown. */
export function withoutCredentials(url: URL): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a lone % stands for itself
  }
}
