import { writeFileSync } from 'node:fs'
import { type MediaEndpoint, type OpenEndpoint, type RecordingTarget, writeWav } from '#telecom/media'

interface Going extends RecordingTarget {
  tell: OpenEndpoint['on']
}

interface Media {
  open(options: OpenEndpoint): Promise<MediaEndpoint>
}

/** Seconds of sound that a recording of it has unless a test says otherwise. */
const SECONDS = 2

/**
 * Stands between lines and real media and makes the recordings itself: 440 samples loud from the party, −220 to it. Tests
 * decide when it begins and ends.
 */
export class FakeRecorder {
  /** What was asked for, in order. */
  readonly asked: RecordingTarget[] = []
  /** Says at once that it has begun; else `begin` does. */
  begins = true
  /** Closes the files when it is told to; else only `end` does. */
  closes = true
  readonly #going = new Map<string, Going>()

  over(media: Media): Media {
    return { open: async (options) => this.#watched(await media.open(options), options.on) }
  }

  /** The recording has begun. */
  begin(recording_id: string): void {
    const going = this.#going.get(recording_id)
    if (!going) return
    for (const [path, sample] of [
      [going.in, 440],
      [going.out, -220],
    ] as const)
      writeFileSync(path, writeWav(new Int16Array(SECONDS * 8_000).fill(sample)), { flag: 'wx' })
    going.tell({ type: 'recording_started', recording_id })
  }

  /** It ends, by itself or because it was told to. */
  end(recording_id: string, how: { duration_ms?: number; complete?: boolean; issue?: string } = {}): void {
    const going = this.#going.get(recording_id)
    if (!going) return
    this.#going.delete(recording_id)
    const { duration_ms = SECONDS * 1000, complete = true } = how
    going.tell({ type: 'recording_ended', recording_id, ...how, duration_ms, complete })
  }

  #watched(endpoint: MediaEndpoint, tell: OpenEndpoint['on']): MediaEndpoint {
    let current: RecordingTarget | undefined
    const change = (recording: RecordingTarget | undefined) => {
      const before = current
      if (before?.recording_id === recording?.recording_id) return
      current = recording
      if (before && this.closes) queueMicrotask(() => this.end(before.recording_id))
      if (!recording) return
      this.asked.push(recording)
      this.#going.set(recording.recording_id, { ...recording, tell })
      if (this.begins) queueMicrotask(() => this.begin(recording.recording_id))
    }
    const want: MediaEndpoint['want'] = ({ recording, ...wanted }) => {
      endpoint.want(wanted)
      change(recording)
    }
    const close = async () => {
      change(undefined)
      await endpoint.close()
    }
    const own: Partial<MediaEndpoint> = { want, close }
    return new Proxy(endpoint, {
      get: (target, name: keyof MediaEndpoint) => {
        const value = own[name] ?? target[name]
        return typeof value === 'function' && !(name in own) ? value.bind(target) : value
      },
    })
  }
}
