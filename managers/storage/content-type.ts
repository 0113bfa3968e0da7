/** RFC 6838 §4.2, without parameters. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/

/** What some client may run, or read as a page, although it was told to save it. */
const ACTIVE = /html|xml|svg|javascript|ecmascript|shockwave|x-msdownload|multipart\/|message\//

/** What is said of octets about which nothing is known. */
export const OCTETS = 'application/octet-stream'

/**
 * The type that an upload is stored and served with: the declared one where it has the form of one and nothing runs it.
 * Nothing is decided by it: every download is an attachment and says `nosniff`.
 */
export function contentType(declared: string): string {
  const type = declared.trim().toLowerCase()
  return MEDIA_TYPE.test(type) && !ACTIVE.test(type) ? type : OCTETS
}
