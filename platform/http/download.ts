import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { apiErrors } from './errors.ts'

/** A file as an answer: of known length, and any part of it can be read by itself. */
export interface Download {
  bytes: number
  contentType: string
  /** What the browser saves it as. */
  fileName: string
  /** Another text whenever the bytes are others (the strong `ETag`, without its quotes). */
  version: string
  /** The octets from `from` up to but not including `to`. */
  read(from: number, to: number): AsyncIterable<Uint8Array>
}

/** A client that takes nothing for so long is gone. */
const STALLED_MS = 60_000

interface Piece {
  status: 200 | 206
  from: number
  to: number
}

/**
 * Sends a file, or the part that `Range` asks for (RFC 9110 §14.2: one range; several at once are answered with the
 * whole). Throws `INVALID_ARGUMENT` for a range that lies outside before anything is sent; resolves when the last octet has
 * left, rejects when the file could not be read to its end or the client went away.
 */
export async function sendDownload(request: FastifyRequest, reply: FastifyReply, download: Download): Promise<void> {
  const { bytes, contentType, fileName, version } = download
  const etag = `"${version}"`
  const { status, from, to } = pieceOf(request, bytes, etag)
  reply.code(status).headers({
    'content-type': contentType,
    'content-length': to - from,
    'content-disposition': contentDisposition(fileName),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-transform',
    'x-content-type-options': 'nosniff',
    etag,
    ...(status === 206 ? { 'content-range': `bytes ${from}-${to - 1}/${bytes}` } : {}),
  })
  reply.hijack()
  const { raw } = reply
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.statusCode = status
  if (request.method === 'HEAD') {
    raw.end()
    return
  }
  raw.setTimeout(STALLED_MS, () => raw.destroy())
  await pipeline(Readable.from(download.read(from, to), { objectMode: false }), raw)
}

function pieceOf(request: FastifyRequest, bytes: number, etag: string): Piece {
  const whole: Piece = { status: 200, from: 0, to: bytes }
  const { range, 'if-range': ifRange } = request.headers
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return whole
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range.trim()) ?? []
  if (first === '' && last === '') return whole
  const from = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const to = first === '' || last === '' ? bytes : Math.min(bytes, Number(last) + 1)
  if (first !== '' && last !== '' && Number(last) < from) return whole
  if (from >= to) throw apiErrors.INVALID_ARGUMENT({ field: 'Range', issue: `lies outside of the ${bytes} bytes` })
  return { status: 206, from, to }
}

/** RFC 6266: a name that every client can read, and beside it the exact one where that is another. */
export function contentDisposition(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]|["\\%/]/g, '_')
  const exact =
    plain === fileName ? '' : `; filename*=UTF-8''${encodeURIComponent(fileName).replace(/['()*]/g, percent)}`
  return `attachment; filename="${plain}"${exact}`
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
