import { connect, type Socket } from 'node:net'
import { type Answer, type ApiClient, eventually } from '#testkit'

/** For the tests of this folder only: forms as clients send them, right and wrong. */

export const BOUNDARY = 'a-boundary-of-ours'

export interface FormOptions {
  type?: string | undefined
  name?: string
  fileName?: string
  contentType?: string
  more?: Record<string, string>
}

/** A form with one file, as octets; without a file where `content` is `undefined`. */
export function formOf(content: string | Uint8Array | undefined, options: FormOptions = {}): Buffer<ArrayBuffer> {
  const { type, name = 'file', fileName = 'a.txt', contentType = 'text/plain', more = {} } = options
  const pieces: (string | Uint8Array)[] = []
  const texts = { ...('type' in options ? (type === undefined ? {} : { type }) : { type: 'rag' }), ...more }
  for (const [key, value] of Object.entries(texts))
    pieces.push(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`)
  if (content !== undefined)
    pieces.push(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\n` +
        `Content-Type: ${contentType}\r\n\r\n`,
      content,
      '\r\n',
    )
  pieces.push(`--${BOUNDARY}--\r\n`)
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)))
}

export const FORM_TYPE = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }

/** Sends octets as a form. */
export function post(client: ApiClient, path: string, body: Buffer<ArrayBuffer>): Promise<Answer> {
  return client.send('POST', path, { headers: FORM_TYPE, body })
}

/** Sends the beginning of an upload by hand: the connection, to go on with or to cut. */
export async function begin(url: string, token: string, headers: string, start: Buffer): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    `POST /v1.0/storage_files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
      `Content-Type: multipart/form-data; boundary=${BOUNDARY}\r\n${headers}\r\n\r\n`,
  )
  socket.write(start)
  await eventually('it was sent', () => socket.writableLength === 0 || undefined)
  return socket
}
