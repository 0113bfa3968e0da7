import type { DialogState } from '#telecom/sip'

/** The dialog of a leg as its owner knows it: what it would take to end the leg after a crash. */
export class ToldDialog {
  #told: DialogState | undefined

  get isKnown(): boolean {
    return this.#told !== undefined
  }

  /** The owner knows it so. */
  knows(dialog: DialogState): void {
    this.#told = dialog
  }

  /** Whether the owner has to be told: the peer's own CSeq moves with each of its requests and does not matter to our BYE. */
  isNews(dialog: DialogState): boolean {
    const told = this.#told
    return (
      told === undefined ||
      dialog.remote_tag !== told.remote_tag ||
      dialog.remote_target !== told.remote_target ||
      dialog.local_cseq !== told.local_cseq ||
      dialog.flow !== told.flow ||
      dialog.route_set.join() !== told.route_set.join()
    )
  }
}
