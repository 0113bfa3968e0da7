import type { DialableLine } from '#managers/call'
import { systemIds } from '#platform/ids'
import type { AskedTransfer, Line, LineEnd, LineEvent, OutgoingLineOptions } from '#telecom/line'
import type { DialogState } from '#telecom/sip'

/** The line of a call of ours without a network: a test plays the far end, and reads what was said to the line. */
export class FakeLine implements DialableLine {
  readonly id = systemIds.uuid()
  readonly options: OutgoingLineOptions
  readonly dialog: DialogState
  /** What was said to it, in order, e.g. `dial`, `bridge <id of the other line>`, `hangup 16`. */
  readonly said: string[] = []
  readonly codec = 'PCMU'
  readonly worker = 0
  ended = false
  readonly replaces = undefined
  #handler: ((event: LineEvent) => void) | undefined
  answered = false
  /** Our goodbyes are not answered: the leg ends when its far end `goes`. */
  ignoresBye = false

  constructor(options: OutgoingLineOptions) {
    this.options = options
    this.dialog = {
      call_id: `${this.id}@test`,
      local_tag: 'ours',
      remote_tag: '',
      local_uri: 'sip:us@test',
      remote_uri: options.uri,
      local_cseq: 1,
      remote_cseq: -1,
      route_set: [],
      remote_target: options.uri,
      local_contact: 'sip:us@127.0.0.1',
      flow: 'flow' in options.via ? options.via.flow.key : '',
      routing: 'flow' in options.via ? 'flow' : 'target',
      secure: false,
      role: 'uac',
    }
  }

  listen(handler: (event: LineEvent) => void): void {
    this.#handler = handler
  }

  async open(): Promise<void> {}

  dial(): void {
    this.said.push('dial')
  }

  ring(): void {}

  answer(): boolean {
    return false
  }

  play(id: string): void {
    this.said.push('play')
    queueMicrotask(() => this.#tell({ type: 'played', id, outcome: 'finished' }))
  }

  echo(): void {
    this.said.push('echo')
  }

  silence(): void {
    this.said.push('silence')
  }

  bridge(peer: Line): void {
    this.said.push(`bridge ${peer.id}`)
  }

  ringback(): void {
    this.said.push('ringback')
  }

  music(): void {
    this.said.push('music')
  }

  hold(held: boolean): void {
    this.said.push(held ? 'hold' : 'unhold')
  }

  coverMusic(on: boolean): void {
    this.said.push(`moh ${on ? 'on' : 'off'}`)
  }

  coverSilence(on: boolean): void {
    this.said.push(`silence ${on ? 'on' : 'off'}`)
  }

  mute(direction: 'in' | 'out' | 'both' | undefined): void {
    this.said.push(`mute ${direction ?? 'off'}`)
  }

  announce(id: string): void {
    this.said.push('announce')
    queueMicrotask(() => this.#tell({ type: 'played', id, outcome: 'finished' }))
  }

  stream({ stream_id }: { stream_id: string }): void {
    this.said.push('stream')
    queueMicrotask(() => this.#tell({ type: 'stream_started', stream_id }))
  }

  endStream(stream_id: string): void {
    this.said.push('end stream')
    queueMicrotask(() => this.#tell({ type: 'stream_ended', stream_id, dropped: 0 }))
  }

  detect(): void {
    this.said.push('detect')
  }

  record(): void {}

  stopRecording(): void {}

  capture(): void {}

  hangup(cause: number): void {
    this.said.push(`hangup ${cause}`)
    if (this.ignoresBye) return
    queueMicrotask(() => this.#end('local', cause, this.answered ? 'bye' : 'cancelled'))
  }

  refuse(): void {}

  acceptTransfer(id: string): boolean {
    this.said.push(`accept transfer ${id}`)
    return true
  }

  tellTransfer(id: string, status: number): void {
    this.said.push(`tell transfer ${id} ${status}`)
  }

  refuseTransfer(id: string, status: number): void {
    this.said.push(`refuse transfer ${id} ${status}`)
  }

  /** The phone rings. */
  rings(): void {
    this.#tell({ type: 'ringing' })
  }

  /** The far end sends sound before its answer. */
  sounds(): void {
    this.#tell({ type: 'early_media' })
  }

  answers(): void {
    this.answered = true
    this.#tell({ type: 'answered' })
  }

  /** The phone holds the line, or takes it back. */
  holds(held = true): void {
    this.#tell({ type: held ? 'held' : 'resumed' })
  }

  /** The phone asks for a transfer. */
  asks(transfer: Partial<AskedTransfer> & { id: string }): void {
    this.#tell({ type: 'transfer_asked', transfer: { target: '', referred_by: '', ...transfer } })
  }

  /** The phone hangs up, or refuses with this cause and status. */
  goes(cause = 16, status?: number): void {
    this.#end('remote', cause, status === undefined ? 'bye' : 'refused', status)
  }

  /** Nothing comes back from this way. */
  isSilent(why: 'no_response' | 'unreachable' = 'no_response'): void {
    this.#end('remote', 18, why)
  }

  #tell(event: LineEvent): void {
    if (!this.ended) this.#handler?.(event)
  }

  #end(by: 'remote' | 'local', cause: number, why: LineEnd, status?: number): void {
    if (this.ended) return
    this.ended = true
    this.#handler?.({ type: 'ended', by, cause, why, ...(status === undefined ? {} : { status }) })
  }
}
