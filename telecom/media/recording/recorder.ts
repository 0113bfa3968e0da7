import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import { WorkerHost } from '../worker-host.ts'
import { FrameRing, makeRingMemory } from './frame-ring.ts'
import type { RecordingPaths } from './live-recording.ts'
import type { RecordingIssue } from './recording-issue.ts'
import type { FromWriter, ToWriter } from './writer-protocol.ts'

/** A writer that has said nothing for so long, although it was asked something, is held up by its disk. */
const SILENT_MS = 5_000
const CHECK_EVERY_MS = 500
/** How long a stop waits for the last files to be closed. */
const LONGEST_STOP_MS = 3_000
const SAMPLES_PER_MS = 8

/** What a media worker needs to record: where frames go, and the moment of the first sample. */
export interface RecordingSource {
  memory: SharedArrayBuffer
  startMs: number
}

export interface RecordingEnd {
  durationMs: number
  issue: RecordingIssue | undefined
}

export interface RecordingListener {
  /** The files are open: frames may come. Once. */
  started(source: RecordingSource): void
  /** It is over. Exactly once, whatever happens, and never before `begin` has returned. */
  ended(end: RecordingEnd): void
}

/** One recording that has begun. */
export interface Recording {
  /** Ends it; harmless when repeated. */
  end(): void
  /** Its sound was interrupted: it goes on, but is not complete. */
  interrupted(): void
}

interface Live {
  key: number
  paths: RecordingPaths
  ring: FrameRing
  listener: RecordingListener
  startMs: number | undefined
  endMs: number | undefined
  /** Since when an answer is owed. */
  askedMs: number | undefined
  interrupted: boolean
}

/**
 * The engine's side of all recordings: keeps the one writer thread, remembers what it shall write so that a new one can be
 * told, and gives up on it where its disk holds it up. Nothing here waits for a disk.
 */
export class Recorder {
  readonly #clock: Clock
  readonly #log: Log
  readonly #host: WorkerHost<ToWriter, FromWriter>
  readonly #live = new Map<number, Live>()
  /** Recordings that were given up while the writer was held up, and which it still has to let go. */
  readonly #owed = new Set<number>()
  #nextKey = 1
  #started = false
  #heardMs = 0
  #check: Timer | undefined
  #onEmpty: (() => void) | undefined

  /** `script` is what runs in the writer's thread: tests give one whose disk misbehaves. */
  constructor(needs: { clock: Clock; log: Log; script?: URL | undefined }) {
    this.#clock = needs.clock
    this.#log = needs.log
    this.#host = new WorkerHost({
      name: 'recording-writer',
      script: needs.script ?? new URL('./writer-main.ts', import.meta.url),
      limits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 96 },
      clock: needs.clock,
      log: needs.log,
      onMessage: (message) => this.#onMessage(message),
      onDown: () => this.#onDown(),
      onUp: () => this.#onUp(),
    })
  }

  /** Begins a recording; its files are created, and must not exist. */
  begin(paths: RecordingPaths, listener: RecordingListener): Recording {
    const key = this.#nextKey++
    if (this.#owed.size > 0) {
      setImmediate(() => listener.ended({ durationMs: 0, issue: 'stalled' }))
      return { end: () => {}, interrupted: () => {} }
    }
    const live: Live = {
      key,
      paths,
      ring: new FrameRing(makeRingMemory()),
      listener,
      startMs: undefined,
      endMs: undefined,
      askedMs: undefined,
      interrupted: false,
    }
    this.#live.set(key, live)
    if (!this.#started) this.#host.start()
    this.#started = true
    this.#sendBegin(live)
    return {
      end: () => this.#end(live),
      interrupted: () => {
        live.interrupted = true
      },
    }
  }

  #sendBegin(live: Live): void {
    const { key, paths, ring, startMs } = live
    this.#host.send({ type: 'begin', key, paths, memory: ring.memory, startMs })
    this.#expectAnswer(live)
  }

  #end(live: Live): void {
    if (live.endMs !== undefined || !this.#live.has(live.key)) return
    live.endMs = this.#clock.monotonicMs()
    this.#sendEnd(live, live.endMs)
  }

  #sendEnd(live: Live, atMs: number): void {
    this.#host.send({ type: 'end', key: live.key, atMs })
    this.#expectAnswer(live)
  }

  #expectAnswer(live: Live): void {
    live.askedMs ??= this.#clock.monotonicMs()
    this.#check ??= this.#clock.after(CHECK_EVERY_MS, this.#checkAnswers)
  }

  #checkAnswers = (): void => {
    this.#check = undefined
    const nowMs = this.#clock.monotonicMs()
    const asked = [...this.#live.values()].filter(({ askedMs }) => askedMs !== undefined)
    const late = asked.filter(({ askedMs = nowMs }) => nowMs - Math.max(askedMs, this.#heardMs) >= SILENT_MS)
    for (const live of late) this.#giveUp(live)
    if (asked.length > late.length) this.#check = this.#clock.after(CHECK_EVERY_MS, this.#checkAnswers)
  }

  #giveUp(live: Live): void {
    this.#log.error({ in: live.paths.in, out: live.paths.out }, 'the disk holds up the writer of recordings')
    if (live.endMs === undefined) this.#host.send({ type: 'end', key: live.key, atMs: this.#clock.monotonicMs() })
    if (this.#host.up) this.#owed.add(live.key)
    this.#over(live, { durationMs: Math.round(live.ring.writtenSamples / SAMPLES_PER_MS), issue: 'stalled' })
  }

  #over(live: Live, end: RecordingEnd): void {
    this.#live.delete(live.key)
    live.listener.ended({ ...end, issue: end.issue ?? (live.interrupted ? 'worker_restarted' : undefined) })
    if (this.#live.size === 0) this.#onEmpty?.()
  }

  #onMessage(message: FromWriter): void {
    if (message.type === 'ready') return
    this.#heardMs = this.#clock.monotonicMs()
    const live = this.#live.get(message.key)
    if (message.type === 'ended') {
      this.#owed.delete(message.key)
      if (live) this.#over(live, message)
      return
    }
    if (!live) return
    if (live.endMs === undefined) live.askedMs = undefined
    if (live.startMs !== undefined) return
    live.startMs = message.startMs
    live.listener.started({ memory: live.ring.memory, startMs: message.startMs })
  }

  #onDown(): void {
    this.#owed.clear()
    for (const live of this.#live.values()) if (live.startMs !== undefined) live.interrupted = true
  }

  #onUp(): void {
    for (const live of this.#live.values()) {
      this.#sendBegin(live)
      if (live.endMs !== undefined) this.#sendEnd(live, live.endMs)
    }
  }

  /** Ends all recordings and the writer; those that it does not close in time end as `stalled`. */
  async stop(): Promise<void> {
    for (const live of this.#live.values()) this.#end(live)
    await this.#emptied()
    for (const live of [...this.#live.values()]) this.#giveUp(live)
    this.#check?.cancel()
    // a thread that a system call holds ends when that returns: nobody waits for it
    if (this.#owed.size > 0) void this.#host.stop()
    else await this.#host.stop()
  }

  #emptied(): Promise<void> {
    if (this.#live.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const limit = this.#clock.after(LONGEST_STOP_MS, resolve)
      this.#onEmpty = () => {
        limit.cancel()
        resolve()
      }
    })
  }

  /** Ends the writer's thread as a crash would: for tests and drills. */
  async crashWriter(): Promise<void> {
    await this.#host.crash()
  }
}
