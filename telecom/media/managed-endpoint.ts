import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import { MediaError } from './media-error.ts'
import type { EndpointStatistics, MediaEvent } from './media-event.ts'
import { PromptWatch } from './prompt-watch.ts'
import type { FromWorker, ToWorker } from './protocol.ts'
import { EndpointRecording } from './recording/endpoint-recording.ts'
import type { Recorder, RecordingSource } from './recording/recorder.ts'
import { StreamWatch } from './stream/stream-watch.ts'
import type { EndpointSpec, Sending, WantedMedia } from './wanted-media.ts'

const REOPEN_EVERY_MS = 200
const MOST_REOPENS = 25
const SILENCE = { kind: 'silence' } as const satisfies Sending

export interface ManagedNeeds {
  id: string
  address: string
  port: number
  worker: number
  clock: Clock
  log: Log
  recorder: Recorder
  on: (event: MediaEvent) => void
  send: (message: ToWorker) => void
  /** It hears that endpoint for its party from now on. */
  onHears: (peer: string | undefined) => void
  askStatistics: (id: string) => Promise<EndpointStatistics>
  /** The worker holds it no more: its ports are free. */
  onGone: () => void
}

/** The engine's side of one endpoint: remembers what is wanted, so that a new worker can be told all of it. */
export class ManagedEndpoint {
  readonly id: string
  readonly address: string
  readonly port: number
  readonly worker: number
  readonly #needs: ManagedNeeds
  readonly #recording: EndpointRecording
  #version = 0
  #wanted: WantedMedia | undefined
  readonly #prompt = new PromptWatch()
  readonly #cover = new PromptWatch()
  readonly #streams: StreamWatch
  /** A verdict about who answered is still to come. */
  #isDetecting = false
  #up = true
  #reopens = 0
  #closing: Promise<void> | undefined
  #closed: (() => void) | undefined

  constructor(needs: ManagedNeeds) {
    this.#needs = needs
    this.id = needs.id
    this.address = needs.address
    this.port = needs.port
    this.worker = needs.worker
    const { id, recorder, on } = needs
    this.#streams = new StreamWatch(on)
    const tap = (source: RecordingSource | null) => {
      if (this.#up) needs.send({ type: 'record', id, source })
    }
    this.#recording = new EndpointRecording({ recorder, on, tap })
  }

  want(wanted: WantedMedia): void {
    if (this.#closing) return
    this.#wanted = wanted
    // while the worker is down, nobody else can say that the old prompts have ended
    if (!this.#up) this.#endPrompts(wanted)
    this.#streams.want(wanted.streams, this.#up)
    this.#prompt.want(wanted.sending)
    this.#cover.want(wanted.cover)
    this.#recording.want(wanted.recording)
    this.#version++
    if (this.#up) this.#sendWanted()
    const { sending, cover } = wanted
    this.#needs.onHears(!cover && sending.kind === 'bridge' ? sending.peer : undefined)
  }

  press(digit: string, durationMs: number): void {
    if (this.#up && !this.#closing) this.#needs.send({ type: 'press', id: this.id, digit, durationMs })
  }

  detect(): void {
    if (this.#closing) return
    this.#isDetecting = true
    if (this.#up) this.#needs.send({ type: 'detect', id: this.id })
  }

  #sendWanted(): void {
    if (!this.#wanted) return
    const { sending, cover } = this.#wanted
    const spec: EndpointSpec = { ...this.#wanted, id: this.id, version: this.#version }
    if (this.#prompt.isOver(sending)) spec.sending = SILENCE
    if (this.#cover.isOver(cover)) spec.cover = SILENCE
    if (spec.streams) spec.streams = this.#streams.living(spec.streams)
    this.#needs.send({ type: 'want', spec })
  }

  /** Prompts that have not ended have now, but for those that are `kept`. */
  #endPrompts(kept?: WantedMedia): void {
    for (const [watch, wanted] of [[this.#prompt, kept?.sending] as const, [this.#cover, kept?.cover] as const]) {
      if (watch.leftBy(wanted) === undefined) continue
      const prompt_id = watch.end()
      if (prompt_id === undefined) continue
      setImmediate(() => this.#needs.on({ type: 'prompt_finished', prompt_id, outcome: 'stopped', unreadable: [] }))
    }
  }

  statistics(): Promise<EndpointStatistics> {
    if (this.#closing) return Promise.reject(new MediaError('closed', `endpoint ${this.id} is closed`))
    if (!this.#up) return Promise.reject(new MediaError('not_running', 'its media worker is being restarted'))
    return this.#needs.askStatistics(this.id)
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#recording.close()
      this.#closed = resolve
      if (this.#up) this.#needs.send({ type: 'close', id: this.id })
      else this.#onClosed()
    })
    return this.#closing
  }

  #onClosed(): void {
    this.#endPrompts()
    this.#needs.onGone()
    this.#closed?.()
  }

  /** What its worker says about it. */
  onMessage(message: FromWorker & { id: string }): void {
    switch (message.type) {
      case 'event':
        this.#onEvent(message.event)
        break
      case 'closed':
        this.#onClosed()
        break
      case 'opened':
        this.#onReopened()
        break
      case 'open_failed':
        this.#onNotReopened(message.issue)
        break
    }
  }

  #onEvent(event: MediaEvent): void {
    if (event.type === 'failed') {
      this.#needs.log.error({ endpoint: this.id, port: this.port, issue: event.issue }, 'an endpoint failed')
      if (this.#closing) this.#onClosed()
      else this.#onFailed(event.issue)
      return
    }
    if (event.type === 'prompt_finished') {
      this.#prompt.ended(event.prompt_id, event.outcome)
      this.#cover.ended(event.prompt_id, event.outcome)
    }
    if (event.type === 'answered_by') this.#isDetecting = false
    if (event.type === 'stream_ended' && !this.#streams.ended(event.stream_id)) return
    this.#needs.on(event)
  }

  /** The worker crashed. */
  onDown(): void {
    this.#up = false
    this.#streams.lost()
    this.#recording.onDown()
    if (this.#closing) this.#onClosed()
  }

  /** A new worker is there: take the same ports again. */
  reopen(): void {
    this.#needs.send({ type: 'open', id: this.id, address: this.address, port: this.port })
  }

  #onReopened(): void {
    this.#up = true
    this.#reopens = 0
    if (this.#closing) {
      this.#needs.send({ type: 'close', id: this.id })
      return
    }
    this.#sendWanted()
    if (this.#isDetecting) this.#needs.send({ type: 'detect', id: this.id })
    this.#recording.onUp()
    this.#needs.on({ type: 'restarted' })
  }

  #onNotReopened(issue: string): void {
    if (this.#closing) return
    if (++this.#reopens < MOST_REOPENS) {
      this.#needs.clock.after(REOPEN_EVERY_MS, () => {
        if (!this.#closing && !this.#up) this.reopen()
      })
      return
    }
    this.#needs.log.error({ endpoint: this.id, port: this.port, issue }, 'an endpoint could not get its ports back')
    this.#onFailed(issue)
  }

  /** It is gone for good. */
  #onFailed(issue: string): void {
    this.#closing = Promise.resolve()
    this.#recording.close()
    this.#endPrompts()
    this.#needs.onGone()
    this.#needs.on({ type: 'failed', issue })
  }
}
