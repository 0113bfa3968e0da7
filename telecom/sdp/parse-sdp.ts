/**
 * Reads a session description (RFC 8866). Bounded in every direction, because it comes from the network; strict about
 * what we use (`v=`, `o=`, `c=`, `m=`, `a=`) and deaf to the rest.
 */

/** `o=`: who made this description and which version of it this is. */
export interface Origin {
  username: string
  sessionId: string
  version: string
  family: 'IP4' | 'IP6'
  address: string
}

/** `c=`: where to send to. The address may be a name; a multicast TTL is cut off. */
export interface Connection {
  family: 'IP4' | 'IP6'
  address: string
}

/** `a=name` or `a=name:value`. */
export interface Attribute {
  name: string
  value: string
}

/** `m=` with what belongs to it. */
export interface MediaDescription {
  media: string
  port: number
  protocol: string
  formats: readonly string[]
  connection: Connection | undefined
  attributes: readonly Attribute[]
}

export interface Sdp {
  origin: Origin
  name: string
  connection: Connection | undefined
  attributes: readonly Attribute[]
  media: readonly MediaDescription[]
}

const LONGEST_TEXT = 16_384
const LONGEST_LINE = 2_048
const MOST_LINES = 512
const MOST_MEDIA = 16
const MOST_FORMATS = 64

class Malformed extends Error {}

/** Reads a description; `malformed` says what is wrong with it. */
export function parseSdp(text: string): { sdp: Sdp } | { malformed: string } {
  try {
    return { sdp: parse(text) }
  } catch (error) {
    if (error instanceof Malformed) return { malformed: error.message }
    throw error
  }
}

function parse(text: string): Sdp {
  if (text.length > LONGEST_TEXT) throw new Malformed(`longer than ${LONGEST_TEXT} characters`)
  const lines = text.split(/\r\n|\n|\r/)
  while (lines.length > 0 && lines[lines.length - 1] === '') lines.pop()
  if (lines.length > MOST_LINES) throw new Malformed(`more than ${MOST_LINES} lines`)
  if (lines[0] !== 'v=0') throw new Malformed('does not begin with v=0')

  let origin: Origin | undefined
  let name = ''
  let sessionConnection: Connection | undefined
  const sessionAttributes: Attribute[] = []
  const media: { -readonly [K in keyof MediaDescription]: MediaDescription[K] }[] = []
  const attributesOf: Attribute[][] = []

  for (const line of lines.slice(1)) {
    if (line.length > LONGEST_LINE) throw new Malformed(`a line longer than ${LONGEST_LINE} characters`)
    if (line.includes('\0')) throw new Malformed('a NUL character')
    if (!/^[a-zA-Z]=/.test(line)) throw new Malformed('a line that is not of the form type=value')
    const value = line.slice(2)
    const current = media[media.length - 1]
    switch (line[0]) {
      case 'v':
        throw new Malformed('a second v=')
      case 'o':
        if (origin || current) throw new Malformed('a second or misplaced o=')
        origin = parseOrigin(value)
        break
      case 's':
        if (!current) name = value
        break
      case 'c':
        if (!current) sessionConnection = parseConnection(value)
        else current.connection ??= parseConnection(value)
        break
      case 'a':
        ;(attributesOf[media.length - 1] ?? sessionAttributes).push(parseAttribute(value))
        break
      case 'm': {
        if (media.length === MOST_MEDIA) throw new Malformed(`more than ${MOST_MEDIA} media`)
        const attributes: Attribute[] = []
        attributesOf.push(attributes)
        media.push({ ...parseMedia(value), attributes })
        break
      }
    }
  }
  if (!origin) throw new Malformed('no o=')
  return { origin, name, connection: sessionConnection, attributes: sessionAttributes, media }
}

function parseOrigin(value: string): Origin {
  const [username, sessionId, version, netType, family, address, ...rest] = value.split(' ')
  if (!username || !sessionId || !version || netType !== 'IN' || !address || rest.length > 0)
    throw new Malformed('o= is not of the form username id version IN IP4|IP6 address')
  if (!/^\d{1,32}$/.test(sessionId) || !/^\d{1,32}$/.test(version)) throw new Malformed('o= id or version is no number')
  return { username, sessionId, version, family: parseFamily(family), address }
}

function parseConnection(value: string): Connection {
  const [netType, family, address, ...rest] = value.trim().split(' ')
  if (netType !== 'IN' || !address || rest.length > 0) throw new Malformed('c= is not of the form IN IP4|IP6 address')
  const bare = address.split('/')[0]
  if (!bare) throw new Malformed('c= without an address')
  return { family: parseFamily(family), address: bare }
}

function parseFamily(family: string | undefined): 'IP4' | 'IP6' {
  if (family === 'IP4' || family === 'IP6') return family
  throw new Malformed('an address that is neither IP4 nor IP6')
}

function parseAttribute(value: string): Attribute {
  const colon = value.indexOf(':')
  return colon < 0 ? { name: value, value: '' } : { name: value.slice(0, colon), value: value.slice(colon + 1) }
}

function parseMedia(value: string): Omit<MediaDescription, 'attributes'> {
  const [media, portText, protocol, ...formats] = value.split(' ').filter((part) => part !== '')
  const port = /^(\d{1,5})(?:\/\d{1,3})?$/.exec(portText ?? '')?.[1]
  if (!media || !port || Number(port) > 65_535 || !protocol || formats.length === 0)
    throw new Malformed('m= is not of the form media port protocol format…')
  if (!/^[\w/.+-]+$/.test(protocol) || !/^[\w.+-]+$/.test(media)) throw new Malformed('m= with strange characters')
  if (formats.length > MOST_FORMATS) throw new Malformed(`more than ${MOST_FORMATS} formats`)
  return { media: media.toLowerCase(), port: Number(port), protocol, formats, connection: undefined }
}
