import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Voice } from './voice.ts'

export interface SpeechOptions {
  /** BCP 47; default `en-US`. */
  language?: string
  /** A provider name; an unknown or unset one falls back to the default voice. */
  provider?: string
  /** The provider's name of a voice; an unknown or unset one falls back to its default. */
  voice_id?: string
  /** `male`, `female` or `neutral`: chooses a default voice where no `voice_id` is given. */
  gender?: string
}

/** Spoken text, ready to be played. */
export interface SpokenText {
  /** Absolute path of an 8 kHz 16-bit mono WAV file. It stays for as long as the cache has room, at least a minute. */
  file: string
  durationMs: number
}

export interface Speech {
  /**
   * Speaks plain text or SSML (`<speak>…</speak>`, reduced to its text; anything else is taken literally). Equal
   * requests are spoken once. Rejects with a `SpeechError` for an empty or too long (5 000 characters) text, and when
   * no voice can speak it.
   */
  render(text: string, options?: SpeechOptions): Promise<SpokenText>
  /** Ends voices and running work. */
  stop(): Promise<void>
}

export interface SpeechNeeds {
  /** Created where missing. */
  cacheFolder: string
  clock: Clock
  ids: Ids
  log: Log
  /** Bytes that the cache may hold; default 256 MiB. */
  cacheBytes?: number
  /** The voices, the default one first; left out: flite (WASM), and the espeak-ng and flite programs where installed. */
  voices?: readonly Voice[]
}
