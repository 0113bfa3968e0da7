import type { WriteLanes } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock, Stopwatch, Timer } from '#platform/time'
import type { Line } from '#telecom/line'
import type { Call, CallAction, HangupReason } from './call.ts'
import { CallActor, type CallEffect, type CallInput, type CallLimits, type CallTimer } from './call-actor.ts'
import { CallWriter } from './call-writer.ts'
import type { CallEvent } from './events.ts'
import type { ConnectOptions, LiveCall, LiveCallInput, RecordingOptions, SayOptions } from './live-call.ts'

/** Makes text into a file that can be played. */
export interface Speech {
  render(text: string, options: SayOptions): Promise<{ file: string }>
}

/** Fetches sounds from outside, within the rules for outside addresses, into files that can be played. */
export interface SoundFetcher {
  fetch(url: string, signal: AbortSignal): Promise<{ file: string }>
}

export interface LiveNeeds {
  clock: Clock
  ids: Ids
  log: Log
  lanes: WriteLanes
  speech: Speech
  sounds: SoundFetcher
  node: string
  incarnation: string
  limits?: Partial<CallLimits>
}

/**
 * Runs one call's actor: gives it its inputs one at a time, does what it wants done, and writes what it says, in order.
 * What subscribers hear is told between two turns, never from inside a command.
 */
export class LiveRunner implements LiveCall {
  readonly #actor: CallActor
  readonly #writer: CallWriter
  readonly #line: Line
  readonly #needs: LiveNeeds
  readonly #onOver: (live: LiveRunner) => void
  readonly #subscribers = new Set<(input: LiveCallInput) => void>()
  readonly #timers = new Map<CallTimer, Timer>()
  readonly #sounds = new Map<string, AbortController>()
  readonly #queue: CallInput[] = []
  #running = false
  #outbox: LiveCallInput[] = []
  #over: LiveCallInput | undefined
  readonly #onStored: (() => void)[] = []

  constructor(call: Call, line: Line, watch: Stopwatch, needs: LiveNeeds, onOver: (live: LiveRunner) => void) {
    this.#line = line
    this.#needs = needs
    this.#onOver = onOver
    this.#writer = new CallWriter(needs, () => this.#take({ type: 'stored' }))
    this.#actor = new CallActor(call, {
      ids: needs.ids,
      now: () => watch.now(),
      ...(needs.limits ? { limits: needs.limits } : {}),
    })
  }

  get id(): string {
    return this.#actor.call.id
  }

  get customer_id(): string {
    return this.#actor.call.customer_id
  }

  /** Resolves when everything written so far is on disk (or can never be). */
  get written(): Promise<void> {
    return this.#writer.written
  }

  /** The first step: it rings, its row and events are on their way to the disk. */
  begin(): void {
    this.#run(this.#actor.begin())
    this.#line.listen((event) => this.#take({ type: 'line', event }))
  }

  snapshot(): Call {
    return structuredClone(this.#actor.call)
  }

  answer(key: string): void {
    this.#take({ type: 'answer', key })
  }

  say(key: string, text: string, voice: SayOptions = {}): void {
    this.#take({ type: 'say', key, text, voice })
  }

  play(key: string, urls: readonly string[]): void {
    this.#take({ type: 'play', key, urls })
  }

  playPrompt(key: string, files: readonly string[]): void {
    this.#take({ type: 'prompt', key, files })
  }

  beep(key: string): void {
    this.#take({ type: 'beep', key })
  }

  sendDigits(key: string, digits: string, options: { duration_ms: number; interval_ms: number }): void {
    this.#take({ type: 'digits', key, digits, ...options })
  }

  echo(key: string, duration_ms: number): void {
    this.#take({ type: 'echo', key, duration_ms })
  }

  stopPlaying(): void {
    this.#take({ type: 'stop_playing' })
  }

  hangup(reason: HangupReason, cause?: number): void {
    this.#take({ type: 'hangup', reason, ...(cause === undefined ? {} : { cause }) })
  }

  connect(key: string, _options: ConnectOptions): void {
    this.#post({ type: 'connect_ended', key, outcome: 'failed', issue: 'not_available' })
  }

  startRecording(key: string, _options: RecordingOptions): void {
    this.#post({ type: 'recording_refused', key, reason: 'not_available' })
  }

  stopRecording(key: string): void {
    this.#post({ type: 'recording_stopped', key })
  }

  setAction(action: CallAction): void {
    this.#take({ type: 'action', action })
  }

  subscribe(handler: (input: LiveCallInput) => void): () => void {
    this.#subscribers.add(handler)
    const over = this.#over
    if (over) queueMicrotask(() => this.#tell(handler, over))
    return () => this.#subscribers.delete(handler)
  }

  /** Calls `done` once the call is over and its row is on disk; at once (in the next turn) when it is. */
  whenStored(done: () => void): void {
    if (!this.#over) this.#onStored.push(done)
    else void this.#writer.written.then(done)
  }

  /** One input at a time: what comes while another is being handled waits. */
  #take(input: CallInput): void {
    this.#queue.push(input)
    if (this.#running) return
    this.#running = true
    try {
      for (let at = this.#queue.shift(); at; at = this.#queue.shift()) this.#run(this.#actor.on(at))
    } finally {
      this.#running = false
    }
  }

  #run(effects: readonly CallEffect[]): void {
    for (const effect of effects) this.#do(effect)
  }

  #do(effect: CallEffect) {
    switch (effect.do) {
      case 'ring':
        return this.#line.ring()
      case 'answer':
        this.#line.answer()
        return
      case 'play':
        return this.#line.play(effect.sound, effect.parts)
      case 'echo':
        return this.#line.echo()
      case 'silence':
        return this.#line.silence()
      case 'hangup':
        return this.#line.hangup(effect.cause)
      case 'render':
        return this.#prepare(effect.sound, async () => [await this.#needs.speech.render(effect.text, effect.voice)])
      case 'fetch':
        return this.#prepare(effect.sound, (signal) => this.#fetchAll(effect.urls, signal))
      case 'abort':
        this.#sounds.get(effect.sound)?.abort()
        return
      case 'save':
        return this.#save(effect.call, effect.events)
      case 'tell':
        return this.#post(effect.input)
      case 'start':
        return this.#start(effect.timer, effect.ms)
      case 'stop':
        return this.#stop(effect.timer)
      case 'release':
        return this.#release()
    }
  }

  #save(call: Call, events: readonly CallEvent[]): void {
    this.#writer.save(call, call.status === 'hangup' ? null : this.#line.dialog, events)
  }

  #prepare(sound: string, work: (signal: AbortSignal) => Promise<{ file: string }[]>): void {
    const controller = new AbortController()
    this.#sounds.set(sound, controller)
    work(controller.signal)
      .then((parts) => this.#take({ type: 'sound_ready', sound, parts }))
      .catch((error: unknown) => {
        if (!controller.signal.aborted)
          this.#needs.log.info({ call_id: this.id, error }, 'a sound could not be made ready')
        this.#take({ type: 'sound_failed', sound, issue: issueOf(error) })
      })
      .finally(() => this.#sounds.delete(sound))
  }

  /** Those that can be had; the first fault where none can. */
  async #fetchAll(urls: readonly string[], signal: AbortSignal): Promise<{ file: string }[]> {
    const files: { file: string }[] = []
    let fault: unknown
    for (const url of urls) {
      try {
        const { file } = await this.#needs.sounds.fetch(url, signal)
        files.push({ file })
      } catch (error) {
        fault ??= error
        if (signal.aborted) throw error
      }
    }
    if (files.length === 0) throw fault
    return files
  }

  #start(timer: CallTimer, ms: number): void {
    this.#stop(timer)
    const handle = this.#needs.clock.after(ms, () => {
      this.#timers.delete(timer)
      this.#take({ type: 'timer', timer })
    })
    this.#timers.set(timer, handle)
  }

  #stop(timer: CallTimer): void {
    this.#timers.get(timer)?.cancel()
    this.#timers.delete(timer)
  }

  #post(input: LiveCallInput): void {
    if (input.type === 'hungup') this.#over = input
    if (this.#outbox.push(input) > 1) return
    queueMicrotask(() => {
      for (let input = this.#outbox.shift(); input; input = this.#outbox.shift())
        for (const handler of [...this.#subscribers]) this.#tell(handler, input)
    })
  }

  #tell(handler: (input: LiveCallInput) => void, input: LiveCallInput): void {
    try {
      handler(input)
    } catch (error) {
      this.#needs.log.error({ call_id: this.id, input: input.type, error }, 'the flow of a call threw')
    }
  }

  #release(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    for (const controller of this.#sounds.values()) controller.abort()
    void this.#writer.written.then(() => {
      for (const done of this.#onStored.splice(0)) done()
    })
    this.#onOver(this)
  }
}

function issueOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
