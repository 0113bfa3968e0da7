import type { CodecName } from '#telecom/sdp'
import type { Flow, HeaderInput, RemoteAddress } from '#telecom/sip'
import type { Line } from './line.ts'

/** What a call of ours is made of. */
export interface OutgoingLineOptions {
  /** Request-URI. */
  uri: string
  /** A name-addr without tag. */
  from: string
  to?: string
  /** Where to: the flow a phone registered over (only this one is used), or an address. */
  via: { flow: Flow } | { target: RemoteAddress; transport?: 'udp' | 'tcp' }
  /** Preset Route (Path of a registration). */
  route?: readonly string[]
  /** The order of our offer; the caller's codec first. */
  codecs?: readonly CodecName[]
  maxForwards?: number
  headers?: HeaderInput
  workerHint?: number
}

/** The line of a call of ours before it is dialled. */
export interface DialableLine extends Line {
  /** Takes ports and makes the INVITE's identity; nothing is on the wire yet. Rejects without ports. */
  open(): Promise<void>
  /** Sends the INVITE. */
  dial(): void
}
