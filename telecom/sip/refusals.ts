import { createHash } from 'node:crypto'
import type { Core } from './core.ts'
import { answer } from './dialog/request-handle.ts'
import type { Refusal } from './ingress.ts'
import type { HeaderInput } from './message/headers.ts'
import type { SipRequest } from './message/message.ts'
import { serialise } from './message/serialise.ts'
import { SipError } from './message/sip-error.ts'
import type { ServerTransaction } from './transaction/server-transaction.ts'
import type { Flow } from './transport/flow.ts'
import { sendersPort } from './transport/senders-port.ts'

/** What the stack answers by itself, and what it drops without a word. */
export class Refusals {
  readonly #core: Core

  constructor(core: Core) {
    this.#core = core
  }

  refuse(transaction: ServerTransaction, refusal: Refusal): void {
    const { status, ...options } = refusal
    const toTag = transaction.localTag ?? this.#core.identity.tag()
    transaction.respond(answer(this.#core, transaction.request, status, { ...options, toTag }))
  }

  /** A request that is broken: answered as far as it says where to. */
  answerFault(request: SipRequest, flow: Flow, fault: SipError): void {
    if (request.method === 'ACK' || !request.headers.has('via')) {
      this.drop(fault)
      return
    }
    this.#core.counters.malformed_answered++
    try {
      request.stampVia(flow.remote.address, flow.remote.port)
    } catch (error) {
      if (!(error instanceof SipError)) throw error // its Via is what is broken: the answer goes back as it came
    }
    this.answerStatelessly(request, flow, fault.status, { reason: reasonOf(fault) })
  }

  /** §8.2.7: no transaction; the To tag comes from the request, so that a repetition gets the same one. */
  answerStatelessly(
    request: SipRequest,
    flow: Flow,
    status: number,
    options: { reason?: string; headers?: HeaderInput },
  ): void {
    const { identity, counters } = this.#core
    const identifying = ['via', 'from', 'call-id', 'cseq'].map((name) => request.headers.get(name)).join('\n')
    const toTag = `${identity.prefix}.${createHash('sha1').update(identifying).digest('hex').slice(0, 16)}`
    const bytes = serialise(answer(this.#core, request, status, { ...options, toTag }))
    counters.responses_sent++
    flow.respond(bytes, portOf(request, flow), () => {})
  }

  drop(error: SipError): void {
    const { counters, log } = this.#core
    if (error.issue === 'not sip') counters.dropped_not_sip++
    else if (error.issue === 'too large') counters.dropped_oversized++
    else counters.dropped_malformed++
    log.debug({ issue: error.issue, header: error.header }, 'a SIP message was dropped')
  }
}

/** `Bad Request: From: …`, so that whoever reads a trace sees what was wrong. Parser messages hold nothing of the request's. */
export function reasonOf(fault: SipError): string {
  return fault.message
}

function portOf(request: SipRequest, flow: Flow): number | undefined {
  try {
    return sendersPort(request.topVia, flow.remote)
  } catch (error) {
    if (error instanceof SipError) return undefined
    throw error
  }
}
