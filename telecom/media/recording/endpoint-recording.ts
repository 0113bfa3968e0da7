import type { MediaEvent } from '../media-event.ts'
import type { WantedMedia } from '../wanted-media.ts'
import type { Recorder, Recording, RecordingSource } from './recorder.ts'

export interface EndpointRecordingNeeds {
  recorder: Recorder
  on: (event: MediaEvent) => void
  /** Tells its media worker where to copy frames to from now on; `null` = nowhere. */
  tap: (source: RecordingSource | null) => void
}

/** The engine's side of what one endpoint records: at most one recording at a time, each told of by the pair of events. */
export class EndpointRecording {
  readonly #needs: EndpointRecordingNeeds
  #wantedId: string | undefined
  #recording: Recording | undefined
  #source: RecordingSource | null = null

  constructor(needs: EndpointRecordingNeeds) {
    this.#needs = needs
  }

  /** Records what is wanted: one that is wanted again goes on, also where it has failed meanwhile. */
  want(wanted: WantedMedia['recording']): void {
    if (wanted?.recording_id === this.#wantedId) return
    this.#stop()
    this.#wantedId = wanted?.recording_id
    if (wanted) this.#begin(wanted)
  }

  #begin({ recording_id, ...paths }: NonNullable<WantedMedia['recording']>): void {
    const { recorder, on } = this.#needs
    const recording = recorder.begin(paths, {
      started: (source) => {
        if (this.#recording === recording) this.#feed(source)
        on({ type: 'recording_started', recording_id })
      },
      ended: ({ durationMs, issue }) => {
        if (this.#recording === recording) this.#feed(null)
        if (this.#recording === recording) this.#recording = undefined
        const end = { type: 'recording_ended', recording_id, duration_ms: durationMs } as const
        on(issue === undefined ? { ...end, complete: true } : { ...end, complete: false, issue })
      },
    })
    this.#recording = recording
  }

  #feed(source: RecordingSource | null): void {
    this.#source = source
    this.#needs.tap(source)
  }

  #stop(): void {
    const recording = this.#recording
    if (!recording) return
    this.#recording = undefined
    if (this.#source) this.#feed(null)
    recording.end()
  }

  /** The endpoint closes: nothing more is recorded. */
  close(): void {
    this.#stop()
  }

  /** The media worker crashed: until there is a new one, silence is recorded. */
  onDown(): void {
    this.#recording?.interrupted()
  }

  /** A new media worker has the endpoint. */
  onUp(): void {
    if (this.#source) this.#needs.tap(this.#source)
  }
}
