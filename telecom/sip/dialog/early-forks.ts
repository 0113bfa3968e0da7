import type { Core } from '../core.ts'
import type { DigestClient } from '../digest/client.ts'
import type { SipResponse } from '../message/message.ts'
import { rseqOf } from '../message/rack.ts'
import type { DialogUser } from '../transaction-user.ts'
import type { Flow } from '../transport/flow.ts'
import type { DialogState } from './dialog-state.ts'
import { SipDialog } from './sip-dialog.ts'

/** Forks whose reliable answers are acknowledged. */
const MOST_FORKS = 32

/** Whose call forks. */
interface ForksOf {
  readonly user: DialogUser
  readonly flow: Flow
  readonly digest: DigestClient | undefined
  /** Hears of a fork whose phone said BYE before it answered. */
  hungUp(tag: string): void
}

/** The dialogs that reliable provisional responses to one INVITE of ours have made (RFC 3262 §4), one for each To tag. */
export class EarlyForks {
  readonly #core: Core
  readonly #at: ForksOf
  #flow: Flow
  readonly #forks = new Map<string, { readonly dialog: SipDialog; rseq: number }>()

  constructor(core: Core, at: ForksOf) {
    this.#core = core
    this.#at = at
    this.#flow = at.flow
  }

  /**
   * Acknowledges a response that wants it, and gives its dialog; `undefined` for one that wants no PRACK. `seen`: it came
   * again, or before its turn, and says nothing.
   */
  receive(response: SipResponse, stateOf: () => DialogState | undefined): SipDialog | 'seen' | undefined {
    const rseq = rseqOf(response)
    if (rseq === undefined) return undefined
    const tag = response.toTag
    const known = this.#forks.get(tag)
    if (known && rseq !== known.rseq + 1) return 'seen'
    const fork = known ?? this.#open(tag, stateOf())
    if (!fork) return 'seen'
    fork.rseq = rseq
    const { number, method } = response.cseq
    if (response.sdp) fork.dialog.session.settled()
    fork.dialog.request('PRACK', { headers: { RAck: `${rseq} ${number} ${method}` } })
    return fork.dialog
  }

  dialogOf(tag: string): SipDialog | undefined {
    return this.#forks.get(tag)?.dialog
  }

  /** No request of theirs is taken any more; should one of them answer all the same, `dialogOf` has its CSeqs. */
  forget(): void {
    for (const { dialog } of this.#forks.values()) dialog.forget()
  }

  /** The INVITE goes out anew, over this flow: its forks begin anew. */
  restart(flow: Flow): void {
    this.#flow = flow
    this.forget()
    this.#forks.clear()
  }

  #open(tag: string, state: DialogState | undefined) {
    if (!state || tag === '' || this.#forks.size >= MOST_FORKS) return undefined
    const dialog = new SipDialog({
      core: this.#core,
      user: this.#at.user,
      state,
      flow: this.#flow,
      digest: this.#at.digest,
      source: this.#flow.remote,
      confirmed: true,
      early: {
        unanswered: 'ours',
        bye: () => {
          this.#at.hungUp(tag)
          dialog.forget()
        },
      },
    })
    this.#core.addDialog(dialog)
    const fork = { dialog, rseq: 0 }
    this.#forks.set(tag, fork)
    return fork
  }
}
