import { systemIds } from '#platform/ids'

/** A SIP message as text, with its Content-Length. */
export function sipMessage(start: string, lines: readonly string[], body = ''): string {
  return `${[start, ...lines, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`
}

/** For tags, branches and Call-IDs. */
export function random(): string {
  return systemIds.uuid().replaceAll('-', '')
}
