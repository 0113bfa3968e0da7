/** What a file system holds in a name, in octets of UTF-8. */
const MOST_BYTES = 255

/** Controls, and marks that show a name in another order than it has (which makes an ending look like another). */
const UNSEEN = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu
const encoder = new TextEncoder()

/**
 * What a file is called, from the name that a client sent: its last step, without what cannot be seen, as text that a
 * database holds, within 255 octets (the ending is kept). Never empty, never `.` or `..`.
 */
export function fileName(sent: string): string {
  const last = sent.split(/[\\/]/).at(-1) ?? ''
  const name = last.toWellFormed().replace(UNSEEN, '').normalize('NFC').trim()
  return /^\.*$/.test(name) ? 'file' : shortened(name)
}

function shortened(name: string): string {
  if (bytesOf(name) <= MOST_BYTES) return name
  const dot = name.lastIndexOf('.')
  const ending = dot > 0 && bytesOf(name.slice(dot)) <= 32 ? name.slice(dot) : ''
  let stem = ''
  let left = MOST_BYTES - bytesOf(ending)
  for (const character of name.slice(0, name.length - ending.length)) {
    left -= bytesOf(character)
    if (left < 0) break
    stem += character
  }
  return stem + ending
}

function bytesOf(text: string): number {
  return encoder.encode(text).length
}
