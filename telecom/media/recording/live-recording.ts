import type { Clock } from '#platform/time'
import { type Frame, FrameDirection, FrameRing } from './frame-ring.ts'
import { GrowingWav } from './growing-wav.ts'
import type { RecordingFiles } from './recording-files.ts'
import { issueOf, type RecordingIssue } from './recording-issue.ts'
import { Track } from './track.ts'

const PER_MS = 8
/** The mean magnitude of samples above which there is sound. */
const NOISE = 180
/** Two octets each below 2 GiB: beyond that many programs read lengths as negative. */
export const MOST_SAMPLES = 2 ** 30 - 64

export interface RecordingPaths {
  in: string
  out: string
  /** It ends by itself after so long without sound either way; absent = never. */
  endOfSilenceMs?: number
}

/** What became of a recording. */
export interface RecordingOutcome {
  durationMs: number
  issue: RecordingIssue | undefined
}

/** One recording in the writer's hands: takes frames from its ring and keeps two files of equal length. */
export class LiveRecording {
  readonly startMs: number
  readonly #ring: FrameRing
  readonly #in: Track
  readonly #out: Track
  readonly #frame: Frame = { direction: 0, ssrc: 0, timestamp: 0, at: 0, samples: new Int16Array(0) }
  /** Samples without sound after which it ends. */
  readonly #endOfSilence: number
  /** Where the newest frame ended in which there was sound. */
  #soundAt: number
  #syncedMs: number

  /** Creates its files, or opens them again where this recording had created them; throws what the file system does. */
  constructor(needs: {
    clock: Clock
    files: RecordingFiles
    paths: RecordingPaths
    memory: SharedArrayBuffer
    /** Left out: it starts now. */
    startMs?: number | undefined
  }) {
    const { clock, files, paths } = needs
    this.#ring = new FrameRing(needs.memory)
    const opened = openFile(files, paths.in, FrameDirection.in, this.#ring)
    try {
      this.#out = new Track(openFile(files, paths.out, FrameDirection.out, this.#ring))
    } catch (error) {
      opened.close()
      if (needs.startMs === undefined) files.remove(paths.in)
      throw error
    }
    this.#in = new Track(opened)
    const nowMs = clock.monotonicMs()
    this.startMs = needs.startMs ?? nowMs
    this.#syncedMs = nowMs
    this.#endOfSilence = (paths.endOfSilenceMs ?? Number.POSITIVE_INFINITY) * PER_MS
    this.#soundAt = this.#place(nowMs) // what was heard before a crash of the writer is not known any more
  }

  /** When its files were last forced to the disk. */
  get syncedMs(): number {
    return this.#syncedMs
  }

  /** Whether it has grown as long as it may. */
  isFull(nowMs: number): boolean {
    return this.#place(nowMs) >= MOST_SAMPLES
  }

  /** When it has been silent for as long as it may; `undefined` as long as it has not. */
  silentMs(nowMs: number): number | undefined {
    const end = this.#soundAt + this.#endOfSilence
    return this.#place(nowMs) >= end ? this.startMs + end / PER_MS : undefined
  }

  #place(ms: number): number {
    return Math.min(MOST_SAMPLES, Math.max(0, Math.round((ms - this.startMs) * PER_MS)))
  }

  /** Writes what has come until now. */
  write(nowMs: number): void {
    this.#drain()
    const at = this.#place(nowMs)
    this.#in.write(at)
    this.#out.write(at)
    this.#ring.writtenSamples = at
    this.#ring.release()
  }

  #drain(): void {
    while (this.#ring.read(this.#frame)) {
      const track = this.#frame.direction === FrameDirection.in ? this.#in : this.#out
      track.put(this.#frame)
      if (this.#endOfSilence < Number.POSITIVE_INFINITY && hasSound(this.#frame.samples)) this.#soundAt = this.#frame.at
    }
  }

  /** Forces what was written to the disk. */
  sync(nowMs: number): void {
    this.#in.wav.sync()
    this.#out.wav.sync()
    this.#syncedMs = nowMs
  }

  /** Ends it at a moment between its start and now. */
  finish(endMs: number, nowMs: number): RecordingOutcome {
    this.#drain()
    const at = this.#place(endMs)
    this.#in.finish(at)
    this.#out.finish(at)
    this.#ring.writtenSamples = at
    this.#ring.release()
    this.sync(nowMs)
    this.#close()
    return { durationMs: Math.round(at / PER_MS), issue: this.#ring.lost > 0 ? 'stalled' : undefined }
  }

  /** The file system has failed it: what both files hold is kept, as far as that can still be said in them. */
  abandon(error: unknown): RecordingOutcome {
    const samples = Math.min(this.#in.wav.samples, this.#out.wav.samples)
    for (const { wav } of [this.#in, this.#out]) {
      try {
        wav.cut(samples)
      } catch {
        // its header counts what was written before, which is readable too
      }
    }
    this.#close()
    return { durationMs: Math.round(samples / PER_MS), issue: issueOf(error) }
  }

  #close(): void {
    for (const { wav } of [this.#in, this.#out]) {
      try {
        wav.close()
      } catch {
        // an error here is one that a write has had, or would have had
      }
    }
  }
}

/** Whether a frame is louder than the noise of a quiet room: about −42 dBm0, as the mean of its samples. */
function hasSound(samples: Int16Array): boolean {
  let sum = 0
  for (const sample of samples) sum += Math.abs(sample)
  return sum > NOISE * samples.length
}

function openFile(files: RecordingFiles, path: string, direction: FrameDirection, ring: FrameRing): GrowingWav {
  if (ring.hasCreated(direction)) return GrowingWav.reopen(files, path)
  const wav = GrowingWav.create(files, path)
  ring.noteCreated(direction)
  return wav
}
