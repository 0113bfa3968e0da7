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
  /** All calls of ours: of those that share one identity only the latest is found. */
  readonly #calling = new Set<OutgoingCallClient>()

  get size(): number {
    return this.dialogs.size + this.#incoming.size + this.#calling.size
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
    this.#calling.add(call)
    this.#outgoing.set(outgoingKey(invite.callId, invite.fromTag), call)
  }

  removeOutgoing(call: OutgoingCallClient, invite: SipRequest): void {
    const key = outgoingKey(invite.callId, invite.fromTag)
    this.#calling.delete(call)
    if (this.#outgoing.get(key) === call) this.#outgoing.delete(key)
  }

  /** The stack is stopping: everything is forgotten without a word, but for a BYE that was only waiting for its ACK. */
  drop(): void {
    for (const dialog of [...this.dialogs.values()]) dialog.shutDown()
    for (const call of [...this.#incoming.values(), ...this.#calling]) call.drop()
    this.dialogs.clear()
    this.#incoming.clear()
    this.#outgoing.clear()
    this.#calling.clear()
  }
}

function outgoingKey(callId: string, localTag: string): string {
  return `${callId}|${localTag}`
}
