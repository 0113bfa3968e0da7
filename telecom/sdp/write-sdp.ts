import type { Attribute, Connection, MediaDescription, Sdp } from './parse-sdp.ts'

/** Writes a description with CRLF line ends, `t=0 0`, in the order that RFC 8866 §5 demands. */
export function writeSdp(sdp: Sdp): string {
  const { origin } = sdp
  const lines = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.version} IN ${origin.family} ${origin.address}`,
    `s=${sdp.name || '-'}`,
    ...writeConnection(sdp.connection),
    't=0 0',
    ...sdp.attributes.map(writeAttribute),
    ...sdp.media.flatMap(writeMedia),
  ]
  return `${lines.join('\r\n')}\r\n`
}

function writeMedia(media: MediaDescription): string[] {
  return [
    `m=${media.media} ${media.port} ${media.protocol} ${media.formats.join(' ')}`,
    ...writeConnection(media.connection),
    ...media.attributes.map(writeAttribute),
  ]
}

function writeConnection(connection: Connection | undefined): string[] {
  return connection ? [`c=IN ${connection.family} ${connection.address}`] : []
}

function writeAttribute({ name, value }: Attribute): string {
  return value === '' ? `a=${name}` : `a=${name}:${value}`
}
