import type { IncomingMessage } from 'node:http'
import type { Clock } from '#platform/time'

/** How long what is left of an answered request may still come. */
const LINGER_MS = 10_000

/**
 * Takes what still comes of a request that was answered before it was whole. A connection that is closed under octets
 * which nobody has read loses the answer on its way; one that is never closed would be held for good.
 */
export function linger(request: IncomingMessage, clock: Clock): void {
  if (request.complete || request.destroyed) return
  const timer = clock.after(LINGER_MS, () => request.socket.destroy())
  request.once('close', () => timer.cancel())
  request.on('error', () => {})
  request.resume()
}
