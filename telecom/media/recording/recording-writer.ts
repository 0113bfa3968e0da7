import type { Clock, Timer } from '#platform/time'
import { LiveRecording, type RecordingOutcome } from './live-recording.ts'
import type { RecordingFiles } from './recording-files.ts'
import { issueOf } from './recording-issue.ts'
import type { FromWriter, ToWriter } from './writer-protocol.ts'

const ROUND_MS = 1_000
const SYNC_EVERY_MS = 5_000
/** A round stops forcing files to the disk after so long: writing comes first. */
const LONGEST_SYNC_MS = 300

/** Writes all recordings, once a second. One lives in the writer's thread, which its calls to the file system hold up. */
export class RecordingWriter {
  readonly #clock: Clock
  readonly #files: RecordingFiles
  readonly #post: (message: FromWriter) => void
  readonly #live = new Map<number, LiveRecording>()
  #timer: Timer | undefined

  constructor(needs: { clock: Clock; files: RecordingFiles; post: (message: FromWriter) => void }) {
    this.#clock = needs.clock
    this.#files = needs.files
    this.#post = needs.post
  }

  /** Does what the engine says. */
  handle(message: ToWriter): void {
    if (message.type === 'begin') this.#begin(message)
    else this.#end(message.key, message.atMs)
  }

  #begin({ key, paths, memory, startMs }: ToWriter & { type: 'begin' }): void {
    try {
      const recording = new LiveRecording({ clock: this.#clock, files: this.#files, paths, memory, startMs })
      this.#live.set(key, recording)
      this.#post({ type: 'started', key, startMs: recording.startMs })
      this.#timer ??= this.#clock.after(ROUND_MS, this.#round)
    } catch (error) {
      this.#post({ type: 'ended', key, durationMs: 0, issue: issueOf(error) })
    }
  }

  #end(key: number, atMs: number): void {
    const recording = this.#live.get(key)
    if (!recording) return
    const nowMs = this.#clock.monotonicMs()
    const endMs = atMs >= recording.startMs && atMs <= nowMs ? atMs : nowMs
    this.#attempt(key, recording, () => this.#over(key, recording.finish(endMs, nowMs)))
  }

  /** One recording that the file system fails must not take the others' round away. */
  #attempt(key: number, recording: LiveRecording, run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#over(key, recording.abandon(error))
    }
  }

  #over(key: number, { durationMs, issue }: RecordingOutcome): void {
    this.#live.delete(key)
    this.#post({ type: 'ended', key, durationMs, issue })
  }

  #round = (): void => {
    const beganMs = this.#clock.monotonicMs()
    for (const [key, recording] of this.#live) {
      const nowMs = this.#clock.monotonicMs()
      this.#attempt(key, recording, () => {
        if (recording.isFull(nowMs)) this.#over(key, { ...recording.finish(nowMs, nowMs), issue: 'too_long' })
        else recording.write(nowMs)
        const silentMs = this.#live.has(key) ? recording.silentMs(nowMs) : undefined
        if (silentMs !== undefined) this.#over(key, recording.finish(silentMs, nowMs))
      })
    }
    this.#syncSome()
    const spentMs = this.#clock.monotonicMs() - beganMs
    this.#timer = this.#live.size > 0 ? this.#clock.after(Math.max(0, ROUND_MS - spentMs), this.#round) : undefined
  }

  #syncSome(): void {
    const beganMs = this.#clock.monotonicMs()
    const longest = [...this.#live].sort(([, a], [, b]) => a.syncedMs - b.syncedMs)
    for (const [key, recording] of longest) {
      const nowMs = this.#clock.monotonicMs()
      if (nowMs - recording.syncedMs < SYNC_EVERY_MS || nowMs - beganMs > LONGEST_SYNC_MS) return
      this.#attempt(key, recording, () => recording.sync(nowMs))
    }
  }
}
