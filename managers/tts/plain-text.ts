/**
 * Reduces what a caller wants spoken to plain text. Text that begins with `<speak` is SSML: its marks go, pauses and
 * sentences become punctuation, the five entities and character references are resolved and nothing else ever is.
 * Anything else is taken literally, `<` and `&` included. One pass, whatever the input.
 */
export function plainText(text: string): string {
  const trimmed = text.trim()
  return tidy(/^<speak[\s>]/i.test(trimmed) ? withoutMarkup(trimmed) : trimmed)
}

/** Control characters go, white space becomes single spaces. */
function tidy(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .replace(/ +([,.])/g, '$1')
    .trim()
}

function withoutMarkup(ssml: string): string {
  let out = ''
  /** Set while inside `<sub alias="…">`: what is said instead of the content. */
  let silent = false
  for (let at = 0; at < ssml.length; ) {
    const open = ssml.indexOf('<', at)
    const text = ssml.slice(at, open < 0 ? ssml.length : open)
    if (!silent) out += resolveEntities(text)
    if (open < 0) break
    if (ssml.startsWith('<![CDATA[', open)) {
      const end = ssml.indexOf(']]>', open)
      if (!silent) out += ssml.slice(open + 9, end < 0 ? ssml.length : end)
      at = end < 0 ? ssml.length : end + 3
      continue
    }
    const comment = ssml.startsWith('<!--', open)
    const close = ssml.indexOf(comment ? '-->' : '>', open)
    if (close < 0) {
      // a stray `<`: what follows is text
      if (!silent && !comment) out += resolveEntities(ssml.slice(open))
      break
    }
    at = close + (comment ? 3 : 1)
    if (comment) continue
    const tag = ssml.slice(open + 1, close)
    const name = /^\/?[a-z-]+/i.exec(tag)?.[0].toLowerCase() ?? ''
    if (name === '/sub') silent = false
    if (silent) continue
    if (name === 'sub') {
      const alias = /\salias\s*=\s*(?:"([^"<]{0,1000})"|'([^'<]{0,1000})')/i.exec(tag)
      out += resolveEntities(alias?.[1] ?? alias?.[2] ?? '')
      silent = alias !== null && !tag.endsWith('/')
    } else out += soundOf(name)
  }
  return out
}

/** What a mark sounds like where it has a sound: a pause or the end of a sentence. */
function soundOf(name: string): string {
  if (name === 'break') return ', '
  return /^\/(p|s|paragraph|sentence)$/.test(name) ? '. ' : ''
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function resolveEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,4}));/gi, (whole, decimal, hex, name) => {
    if (name) return NAMED[name.toLowerCase()] ?? whole
    const code = decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16)
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : ' '
  })
}
