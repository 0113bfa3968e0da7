import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import { MediaError } from './media-error.ts'
import type { EndpointStatistics, MediaEvent } from './media-event.ts'
import type { FromWorker, ToWorker } from './protocol.ts'
import { EndpointRecording } from './recording/endpoint-recording.ts'
import type { Recorder, RecordingSource } from './recording/recorder.ts'
import type { EndpointSpec, WantedMedia } from './wanted-media.ts'

const REOPEN_EVERY_MS = 200
const MOST_REOPENS = 25

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
  /** A prompt that was wanted and has not ended yet. */
  #running: string | undefined
  #finished: string | undefined
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
    const tap = (source: RecordingSource | null) => {
      if (this.#up) needs.send({ type: 'record', id, source })
    }
    this.#recording = new EndpointRecording({ recorder, on, tap })
  }

  want(wanted: WantedMedia): void {
    if (this.#closing) return
    this.#wanted = wanted
    const promptId = wanted.sending.kind === 'prompt' ? wanted.sending.prompt_id : undefined
    // while the worker is down, nobody else can say that the old prompt has ended
    if (!this.#up && this.#running !== undefined && this.#running !== promptId) this.#endPrompt()
    if (promptId !== this.#finished) {
      this.#finished = undefined
      if (promptId !== undefined) this.#running = promptId
    }
    this.#recording.want(wanted.recording)
    this.#version++
    if (this.#up) this.#sendWanted()
    this.#needs.onHears(wanted.sending.kind === 'bridge' ? wanted.sending.peer : undefined)
  }

  press(digit: string, durationMs: number): void {
    if (this.#up && !this.#closing) this.#needs.send({ type: 'press', id: this.id, digit, durationMs })
  }

  #sendWanted(): void {
    if (!this.#wanted) return
    const { sending } = this.#wanted
    const over = sending.kind === 'prompt' && sending.prompt_id === this.#finished
    const spec: EndpointSpec = { ...this.#wanted, id: this.id, version: this.#version }
    this.#needs.send({ type: 'want', spec: over ? { ...spec, sending: { kind: 'silence' } } : spec })
  }

  #endPrompt(): void {
    const prompt_id = this.#running
    if (prompt_id === undefined) return
    this.#running = undefined
    setImmediate(() => this.#needs.on({ type: 'prompt_finished', prompt_id, outcome: 'stopped', unreadable: [] }))
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
    this.#endPrompt()
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
    if (event.type === 'prompt_finished' && event.prompt_id === this.#running) this.#running = undefined
    if (event.type === 'prompt_finished' && event.outcome !== 'stopped') this.#finished = event.prompt_id
    this.#needs.on(event)
  }

  /** The worker crashed. */
  onDown(): void {
    this.#up = false
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
    this.#closing = Promise.resolve()
    this.#recording.close()
    this.#endPrompt()
    this.#needs.onGone()
    this.#needs.on({ type: 'failed', issue })
  }
}
