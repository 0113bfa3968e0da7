import type { ServerResponse } from 'node:http'
import { CORS } from './cors.ts'
import type { Exchange } from './exchange.ts'

const CORS_LINES = Object.entries(CORS).flat()

/** The headers that every answer has, by name. */
export function ofEveryAnswer({ request_id }: Exchange): Record<string, string> {
  return { ...CORS, 'x-request-id': request_id }
}

/**
 * How answers leave that are known as a whole, which are nearly all: head and body in one write, past what the framework
 * does for bodies of other kinds, and all answers of one turn of the event loop together at its end. A write that wakes its
 * reader costs as much as all the rest of a small request, and a reader that is still awake needs no waking
 * (`docs/decisions/0063`).
 */
export class Departures {
  #leaving: { raw: ServerResponse; body: string }[] = []

  /** `own` are names and values of headers, one after the other, in lower case. */
  leave({ reply, request_id }: Exchange, code: number, own: readonly string[], body: string) {
    const { raw } = reply
    reply.hijack()
    const length = String(Buffer.byteLength(body))
    raw.writeHead(code, [...CORS_LINES, 'x-request-id', request_id, ...own, 'content-length', length])
    if (this.#leaving.push({ raw, body }) === 1) setImmediate(() => this.#send())
  }

  #send() {
    const leaving = this.#leaving
    this.#leaving = []
    for (const { raw, body } of leaving) raw.end(body)
  }
}
