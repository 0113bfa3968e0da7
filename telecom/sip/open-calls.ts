import { type DialogState, dialogKey } from './dialog/dialog-state.ts'
import type { IncomingCall } from './dialog/incoming-call.ts'
import type { OutgoingCallClient } from './dialog/outgoing-call.ts'
import type { SipDialog } from './dialog/sip-dialog.ts'
import type { SipRequest } from './message/message.ts'

/** Dialogs, and calls in both directions that have no final answer yet, by what a request of the peer finds them by. */
export class OpenCalls {
  readonly dialogs = new Map<string, SipDialog>()
  /** By the dialog that they will make. */
  readonly #incoming = new Map<string, IncomingCall>()
  /** By what all dialogs that they may make have in common. */
  readonly #outgoing = new Map<string, OutgoingCallClient>()

  get size(): number {
    return this.dialogs.size + this.#incoming.size + this.#outgoing.size
  }

  /** Whom a request in a dialog is for: one that lives, or a call that has none yet. */
  find(request: SipRequest): SipDialog | IncomingCall | OutgoingCallClient | undefined {
    const key = dialogKey({ call_id: request.callId, local_tag: request.toTag, remote_tag: request.fromTag })
    return (
      this.dialogs.get(key) ?? this.#incoming.get(key) ?? this.#outgoing.get(outgoingKey(request.callId, request.toTag))
    )
  }

  addIncoming(call: IncomingCall, state: DialogState): void {
    this.#incoming.set(dialogKey(state), call)
  }

  removeIncoming(state: DialogState): void {
    this.#incoming.delete(dialogKey(state))
  }

  addOutgoing(call: OutgoingCallClient, invite: SipRequest): void {
    this.#outgoing.set(outgoingKey(invite.callId, invite.fromTag), call)
  }

  removeOutgoing(invite: SipRequest): void {
    this.#outgoing.delete(outgoingKey(invite.callId, invite.fromTag))
  }

  /** The stack is stopping: everything is forgotten without a word, but for a BYE that was only waiting for its ACK. */
  drop(): void {
    for (const dialog of [...this.dialogs.values()]) dialog.shutDown()
    for (const call of [...this.#incoming.values(), ...this.#outgoing.values()]) call.drop()
    this.dialogs.clear()
    this.#incoming.clear()
    this.#outgoing.clear()
  }
}

function outgoingKey(callId: string, localTag: string): string {
  return `${callId}|${localTag}`
}
