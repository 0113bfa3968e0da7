import type { FastifyRequest } from 'fastify'
import type { ReasonedError } from '#platform/errors'
import type { Log } from '#platform/log'
import type { Answer } from './answer.ts'
import { Departures, ofEveryAnswer } from './departures.ts'
import { type Download, sendDownload } from './download.ts'
import { retryAfter } from './envelope.ts'
import { apiErrors } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { pageHeaders } from './pages.ts'
import { refusal } from './problem.ts'
import type { RequestFigures } from './request-figures.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
/** The most files that are sent at once; further ones are asked to come back. */
const DOWNLOADS = 200

/** The ways in which answers leave: once for each exchange, and whoever has been answered is not answered again. */
export class Answers {
  /** The server stops: a connection ends with the answer that is sent on it. */
  closing = false
  readonly #log: Log
  readonly #figures: RequestFigures
  readonly #departures = new Departures()
  #downloads = 0

  constructor(log: Log, figures: RequestFigures) {
    this.#log = log
    this.#figures = figures
  }

  /** Success. */
  send(exchange: Exchange, { code, headers, text }: Answer) {
    if (!this.#settle(exchange)) return
    const own: string[] = text === undefined ? [] : ['content-type', JSON_TYPE]
    for (const [name, values] of Object.entries(headers)) for (const value of [values].flat()) own.push(name, value)
    if (exchange.replayed) own.push('idempotent-replayed', 'true')
    this.#leave(exchange, code, own, text ?? '')
  }

  /** Success as a page for people. */
  page(exchange: Exchange, html: string, kind: true | 'program') {
    if (!this.#settle(exchange)) return
    this.#leave(exchange, 200, Object.entries(pageHeaders(kind)).flat(), html)
  }

  /**
   * Success as a file; resolves once it has left. Throws what kept it from beginning; what leaves it unread afterwards can be
   * told to nobody but by a connection that is cut.
   */
  async file(exchange: Exchange, request: FastifyRequest, download: Download) {
    if (exchange.settled) return
    if (this.#downloads >= DOWNLOADS) throw apiErrors.SERVICE_UNAVAILABLE()
    const { reply, request_id } = exchange
    this.#downloads++
    reply.headers(ofEveryAnswer(exchange))
    if (this.closing) reply.header('connection', 'close')
    const sent = sendDownload(request, reply, download)
    exchange.settled = reply.sent
    try {
      await sent
    } catch (error) {
      if (!reply.sent) throw error
      reply.raw.destroy()
      if (!isGone(error)) this.#log.warn({ request_id, err: error }, 'a file could not be sent to its end')
    } finally {
      this.#downloads--
    }
  }

  /** The only way in which a refusal leaves. */
  refuse(exchange: Exchange, error: ReasonedError) {
    if (!this.#settle(exchange)) {
      if (error.http >= 500) this.#report(exchange, error, 'failed after the answer')
      return
    }
    this.#count(exchange, error)
    if (error.http >= 500) this.#report(exchange, error, 'request failed')
    const { contentType, link, body } = refusal(error, exchange.request_id, exchange.reply.request.headers.accept)
    const own = ['content-type', contentType, 'link', link, 'vary', 'Accept']
    const after = retryAfter(error)
    if (after !== undefined) own.push('retry-after', after)
    this.#leave(exchange, error.http, own, body)
  }

  /** Nobody waits for the answer any more: counted and logged like a refusal, and the work is told to stop. */
  cancel(exchange: Exchange) {
    if (exchange.settled) return
    const canceled = apiErrors.REQUEST_CANCELED()
    exchange.settled = true
    this.#count(exchange, canceled)
    this.#report(exchange, canceled, 'the client went away')
    exchange.abort(canceled)
  }

  /** Takes the only turn to answer; false where it is taken. */
  #settle(exchange: Exchange): boolean {
    if (exchange.settled) return false
    exchange.settled = true
    return true
  }

  #leave(exchange: Exchange, code: number, own: string[], body: string) {
    if (this.closing) own.push('connection', 'close')
    this.#departures.leave(exchange, code, own, body)
  }

  #count(exchange: Exchange, error: ReasonedError) {
    exchange.reason = error.reason
    this.#figures.refused(error, exchange.endpoint)
  }

  #report({ request_id, identity }: Exchange, { reason, cause }: ReasonedError, sentence: string) {
    const fields = { request_id, reason, customer_id: identity.customer_id, err: cause }
    if (reason === apiErrors.INTERNAL.reason) this.#log.error(fields, sentence)
    else this.#log.warn(fields, sentence)
  }
}

/** Whether a file was not sent to its end because nobody takes it any more. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}
