import type { IncomingMessage } from 'node:http'
import type { Clock } from '#platform/time'
import type { OutboundFailure } from './outbound-request.ts'

/** An answer nobody wants is read so far and so long for the connection to be used again; then the connection is cut. */
const UNWANTED_BYTES = 65_536
const UNWANTED_MS = 2_000
/** What has not come by then does not belong to the beginning of a body. */
const BEGINNING_MS = 1_000

export type Body = { body: Buffer; truncated: boolean } | { failure: OutboundFailure; detail: string }

/** Reads a body up to its bound and cuts the connection beyond it; resolves in any case once the connection ends. */
export function readBody(
  response: IncomingMessage,
  { clock, maxBodyBytes, whenTooLarge }: { clock: Clock; maxBodyBytes: number; whenTooLarge: 'cut' | 'fail' },
): Promise<Body> {
  if (maxBodyBytes === 0) return skipBody(response, clock)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes <= maxBodyBytes) return
      if (whenTooLarge === 'fail') resolve({ failure: 'too_large', detail: `more than ${maxBodyBytes} bytes` })
      else resolve({ body: Buffer.concat(chunks).subarray(0, maxBodyBytes), truncated: true })
      response.destroy()
    })
    response.on('end', () => resolve({ body: Buffer.concat(chunks), truncated: false }))
    response.on('error', () => resolve({ failure: 'closed', detail: 'body' }))
    response.on('close', () => resolve({ failure: 'closed', detail: 'body' }))
  })
}

/**
 * The beginning of a body: so many bytes, as far as they come in time. What comes after is not read and the connection is
 * cut; whatever becomes of it, there is an answer.
 */
export function readBeginning(response: IncomingMessage, bytes: number, clock: Clock): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let read = 0
    const end = () => {
      timer.cancel()
      resolve(Buffer.concat(chunks).subarray(0, bytes))
    }
    const cut = () => {
      end()
      response.destroy()
    }
    const timer = clock.after(BEGINNING_MS, cut)
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      read += chunk.length
      if (read > bytes) cut()
    })
    response.on('error', () => {})
    response.on('end', end)
    response.on('close', end)
  })
}

function skipBody(response: IncomingMessage, clock: Clock): Promise<Body> {
  return new Promise((resolve) => {
    let bytes = 0
    const timer = clock.after(UNWANTED_MS, () => response.destroy())
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > UNWANTED_BYTES) response.destroy()
    })
    response.on('error', () => {})
    response.on('close', () => {
      timer.cancel()
      resolve({ body: Buffer.alloc(0), truncated: false })
    })
  })
}
