/** Control characters; RFC 3261 lets a quoted string carry them, a NUL included, and no database keeps that one. */
const CONTROL = /\p{Cc}+/gu

/** Free text of a header as it may be kept and shown: no control characters, at most so many UTF-16 units, no half characters. */
export function readableText(text: string, longest: number): string {
  const cut = text.replace(CONTROL, ' ').slice(0, longest)
  return cut.isWellFormed() ? cut : cut.slice(0, -1).toWellFormed()
}
