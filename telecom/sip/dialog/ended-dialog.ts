import type { Core } from '../core.ts'
import { type Credentials, DigestClient } from '../digest/client.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { ClientHandlers, Outcome } from '../transaction-user.ts'
import type { Flow } from '../transport/flow.ts'
import { builtOr } from './built-or.ts'
import type { DialogState } from './dialog-state.ts'
import { DialogWay } from './dialog-way.ts'

/** How far above the last known CSeq a BYE after a crash begins: more requests than a dialog sends between two writes. */
const CSEQ_JUMP = 1_000
const HIGHEST_CSEQ = 2_147_483_647

/** What is said when a dialog of an earlier life is ended. */
export interface EndOptions {
  /** 1,000 unless said. */
  readonly cseqJump?: number
  readonly headers?: HeaderInput
  /** Who we are to the peer that the dialog was made with, should it challenge the BYE. */
  readonly credentials?: Credentials
}

/**
 * Ends a dialog of an earlier life by BYE: over its flow where that still leads there, over the one that its phone has now,
 * else to its Contact. A challenge is answered as it would have been in that life: to the peer of the dialog's flow alone.
 * `over` is called once, before the handlers hear how it went.
 */
export class EndedDialog {
  readonly #core: Core
  readonly #way: DialogWay
  readonly #headers: HeaderInput | undefined
  readonly #done: (outcome: Outcome) => void

  constructor(
    core: Core,
    at: { state: DialogState; flow: Flow; options: EndOptions; handlers: ClientHandlers; over: () => void },
  ) {
    const { state, flow, options } = at
    const { credentials, cseqJump = CSEQ_JUMP } = options
    this.#core = core
    this.#headers = options.headers
    const local_cseq = Math.min(state.local_cseq + cseqJump, HIGHEST_CSEQ - 10) - 1
    this.#way = new DialogWay(core, {
      ...{ state: { ...state, local_cseq }, flow, changed() {}, isRestored: true },
      digest: credentials && new DigestClient(credentials, [flow.remote.address], core.ids),
    })
    this.#done = (outcome) => {
      at.over()
      core.guarded('done', () => at.handlers.done(outcome))
    }
  }

  bye(tries = 0): void {
    this.#way.whenKnown(() => {
      const bye = builtOr(this.#done, () => this.#way.build('BYE', { headers: this.#headers }))
      if (!bye) return
      this.#core.send(bye, this.#way.hop(), {
        done: (outcome) => {
          if (this.#way.challenged(bye, outcome, tries)) this.bye(tries + 1)
          else this.#done(outcome)
        },
      })
    })
  }
}
