import type { Log } from '#platform/log'
import type { MediaEndpoint, MediaEvent, PromptPart, Sending, StreamTarget, WantedMedia } from '#telecom/media'
import type { Negotiated } from '#telecom/sdp'
import { LineCover } from './line-cover.ts'
import type { LineEvent } from './line-event.ts'

const SILENCE: Sending = { kind: 'silence' }

/** What the leg says about its sound at any moment. */
export interface SoundNeeds {
  readonly log: Log
  negotiated(): Negotiated | undefined
  signallingAddress(): string
  /** After how much silence `media_lost` comes; 0 = not watched. */
  deadMediaMs(): number | undefined
  /** A name for something that is played. */
  newId(): string
  tell(event: LineEvent): void
}

/** The sound of one leg: its endpoint, what it sends and what covers that, which prompts have not ended, its recording. */
export class LineSound {
  readonly #needs: SoundNeeds
  readonly #cover: LineCover
  /** Prompts of the owner's that have not ended yet. */
  readonly #prompts = new Map<string, readonly PromptPart[]>()
  #endpoint: MediaEndpoint | undefined
  #sending: Sending = SILENCE
  #recording: WantedMedia['recording']
  #streams: readonly StreamTarget[] = []
  #sdpVersion = 0
  #closed = false

  constructor(needs: SoundNeeds) {
    this.#needs = needs
    this.#cover = new LineCover(() => needs.newId())
  }

  get endpoint(): MediaEndpoint | undefined {
    return this.#endpoint
  }

  /** Takes the endpoint; one that comes after the end is closed at once, and false comes back. */
  attach(endpoint: MediaEndpoint): boolean {
    this.#endpoint = endpoint
    if (this.#closed) this.close()
    return !this.#closed
  }

  /** A description of the other side was taken. */
  described(): void {
    this.#sdpVersion++
    this.want()
  }

  play(id: string, parts: readonly PromptPart[]): void {
    if (this.#closed) return
    this.#prompts.set(id, parts)
    this.send({ kind: 'prompt', prompt_id: id, parts })
  }

  send(sending: Sending): void {
    if (this.#closed) return
    this.#sending = sending
    this.want()
  }

  /** Changes what covers everything else. */
  cover(change: (cover: LineCover) => void): void {
    if (this.#closed) return
    change(this.#cover)
    this.want()
  }

  /** Says something over everything else, in place of an announcement that has not ended. */
  announce(id: string, parts: readonly PromptPart[]): void {
    if (this.#closed) return
    this.#prompts.set(id, parts)
    this.cover((cover) => cover.announce(id, parts))
  }

  record(recording: WantedMedia['recording']): void {
    if (this.#closed) return
    this.#recording = recording
    this.want()
  }

  /** A recording is over: it is not wanted again with what comes next. */
  recorded(recording_id: string): void {
    if (this.#recording?.recording_id === recording_id) this.#recording = undefined
  }

  /** A program hears and speaks from now on. */
  stream(target: StreamTarget): void {
    if (this.#closed || this.#streams.some(({ stream_id }) => stream_id === target.stream_id)) return
    this.#streams = [...this.#streams, target]
    this.want()
  }

  /** It does not any more. */
  endStream(stream_id: string): void {
    const left = this.#streams.filter((each) => each.stream_id !== stream_id)
    if (left.length === this.#streams.length) return
    this.#streams = left
    this.want()
  }

  /** Tells the endpoint all that it shall be, from what is known now. */
  want(): void {
    const negotiated = this.#needs.negotiated()
    if (!negotiated || this.#closed) return
    const { held: _, ...agreed } = negotiated
    const deadMediaMs = this.#needs.deadMediaMs()
    const { cover, mute } = this.#cover
    this.#endpoint?.want({
      ...agreed,
      sending: this.#sending,
      sdpVersion: this.#sdpVersion,
      signallingAddress: this.#needs.signallingAddress(),
      ...(cover ? { cover } : {}),
      ...(mute ? { mute } : {}),
      ...(deadMediaMs === undefined ? {} : { deadMediaMs }),
      ...(this.#recording ? { recording: this.#recording } : {}),
      ...(this.#streams.length > 0 ? { streams: this.#streams } : {}),
    })
  }

  /** A prompt has ended. Of our own ones (music, ringing) nobody hears. */
  finished(event: MediaEvent & { type: 'prompt_finished' }): void {
    const parts = this.#prompts.get(event.prompt_id)
    if (!parts) return
    const files = parts.filter((part) => 'file' in part).length
    const outcome =
      event.outcome === 'stopped'
        ? 'stopped'
        : event.outcome === 'unreadable' && event.unreadable.length >= parts.length && files === parts.length
          ? 'failed'
          : 'finished'
    const issue = event.unreadable[0]?.issue
    if (this.#sending.kind === 'prompt' && this.#sending.prompt_id === event.prompt_id) this.#sending = SILENCE
    this.#prompts.delete(event.prompt_id)
    if (this.#cover.ended(event.prompt_id)) this.want()
    this.#needs.tell({ type: 'played', id: event.prompt_id, outcome, ...(issue === undefined ? {} : { issue }) })
  }

  /** Gives the ports back, now or as soon as they come; every prompt that has not ended is told as stopped. */
  close(): void {
    this.#closed = true
    this.#endpoint?.close().catch((error) => this.#needs.log.warn({ error }, 'an endpoint did not close'))
    this.#endpoint = undefined
    const stopped = [...this.#prompts.keys()]
    this.#prompts.clear()
    for (const id of stopped) this.#needs.tell({ type: 'played', id, outcome: 'stopped' })
  }
}
