import type { Core } from '../core.ts'
import { buildResponse } from '../message/build-response.ts'
import type { SipRequest } from '../message/message.ts'
import type { ServerTransaction } from '../transaction/server-transaction.ts'
import type { DialogRequest, IncomingRequest, ResponseOptions } from '../transaction-user.ts'
import type { Flow, RemoteAddress } from '../transport/flow.ts'

/** One request that waits for the user's answer, in a dialog or outside. */
export class RequestHandle implements IncomingRequest, DialogRequest {
  readonly request: SipRequest
  readonly flow: Flow
  readonly source: RemoteAddress
  readonly #core: Core
  readonly #transaction: ServerTransaction
  readonly #toTag: string

  constructor(core: Core, transaction: ServerTransaction, source: RemoteAddress) {
    this.#core = core
    this.#transaction = transaction
    this.#toTag = core.identity.tag()
    this.request = transaction.request
    this.flow = transaction.flow
    this.source = source
  }

  get answered(): boolean {
    return this.#transaction.answered
  }

  respond(status: number, options: ResponseOptions = {}): void {
    if (this.answered) {
      this.#core.log.warn(
        { status, method: this.request.method },
        'a request was answered twice; the second is ignored',
      )
      return
    }
    this.#transaction.respond(answer(this.#core, this.request, status, { ...options, toTag: this.#toTag }))
  }
}

/** A response with what each of ours carries. */
export function answer(
  core: Core,
  request: SipRequest,
  status: number,
  options: Parameters<typeof buildResponse>[2] = {},
): ReturnType<typeof buildResponse> {
  const defaults =
    core.product === undefined || status === 100 ? options.defaults : { Server: core.product, ...options.defaults }
  return buildResponse(request, status, defaults === undefined ? options : { ...options, defaults })
}
