import { capabilities } from '../capabilities.ts'
import type { Core } from '../core.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import type { ServerTransaction } from '../transaction/server-transaction.ts'
import type { SessionChange } from '../transaction-user.ts'
import { answer } from './request-handle.ts'

/** What an offer of the peer needs of its dialog. */
interface Offered {
  readonly contact: string
  settled(): void
  /** Headers of a 2xx beside ours and those of the user; asked once, when it is sent. */
  agree(): HeaderInput
  accepted(response: SipResponse, acked: (ack: SipRequest) => void): void
}

/** A re-INVITE, UPDATE or PRACK of the peer that waits for its answer; at most one per dialog. */
export class PeerOffer implements SessionChange {
  readonly method: SessionChange['method']
  readonly request: SipRequest
  readonly offer: Buffer | undefined
  readonly #core: Core
  readonly #transaction: ServerTransaction
  readonly #dialog: Offered

  constructor(core: Core, transaction: ServerTransaction, method: SessionChange['method'], dialog: Offered) {
    this.#core = core
    this.#transaction = transaction
    this.#dialog = dialog
    this.method = method
    this.request = transaction.request
    this.offer = transaction.request.sdp
  }

  get answered(): boolean {
    return this.#transaction.answered
  }

  accept(options: { sdp?: string | Buffer; headers?: HeaderInput; acked?: (ack: SipRequest) => void }): void {
    if (this.answered) return
    const response = answer(this.#core, this.request, 200, {
      recordRoute: this.method === 'INVITE',
      defaults: { ...capabilities(this.#core), Contact: `<${this.#dialog.contact}>` },
      headers: { ...this.#dialog.agree(), ...options.headers },
      ...(options.sdp === undefined ? {} : { body: { type: 'application/sdp', content: options.sdp } }),
    })
    this.#dialog.settled()
    this.#dialog.accepted(response, (ack) => {
      if (options.acked) this.#core.guarded('acked', () => options.acked?.(ack))
    })
  }

  reject(status: number, reason?: string, headers?: HeaderInput): void {
    if (this.answered) return
    const options = { ...(reason === undefined ? {} : { reason }), ...(headers ? { headers } : {}) }
    this.#dialog.settled()
    this.#transaction.respond(answer(this.#core, this.request, status, options))
  }

  /** The peer took it back by CANCEL, or hung up meanwhile. */
  cancel(): void {
    this.reject(487)
  }
}
