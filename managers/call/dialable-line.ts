import type { Line } from '#telecom/line'

/** The line of a call of ours, which is opened and then dialled. */
export interface DialableLine extends Line {
  /** Takes ports and makes the INVITE's identity; nothing is on the wire yet. Rejects without ports or without a way. */
  open(): Promise<void>
  /** Sends the INVITE. */
  dial(): void
}
