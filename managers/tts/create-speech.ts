import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { Log } from '#platform/log'
import { toTelephoneWav } from '#telecom/media'
import { defaultVoices } from './default-voices.ts'
import { plainText } from './plain-text.ts'
import type { Speech, SpeechNeeds, SpeechOptions, SpokenText } from './speech.ts'
import { SpeechCache } from './speech-cache.ts'
import { SpeechError } from './speech-error.ts'
import type { Voice, VoiceRequest } from './voice.ts'

const LONGEST_INPUT = 20_000
const LONGEST_TEXT = 5_000
const MOST_AT_ONCE = 64
const CACHE_BYTES = 256 * 1024 * 1024
const DEFAULT_LANGUAGE = 'en-US'

/** Makes the platform's speech: voices, a cache of what they said, and the rules by which one is chosen. */
export function createSpeech(needs: SpeechNeeds): Speech {
  const folder = resolve(needs.cacheFolder)
  return new CachedSpeech({
    cache: new SpeechCache({
      folder,
      roomBytes: needs.cacheBytes ?? CACHE_BYTES,
      clock: needs.clock,
      ids: needs.ids,
    }),
    voices: needs.voices ?? defaultVoices({ folder, clock: needs.clock, log: needs.log }),
    log: needs.log,
  })
}

type Request = Omit<VoiceRequest, 'signal'>

class CachedSpeech implements Speech {
  readonly #cache: SpeechCache
  readonly #voices: readonly Voice[]
  readonly #log: Log
  /** What is being spoken now, by the hash of the request. */
  readonly #running = new Map<string, Promise<SpokenText>>()
  readonly #stop = new AbortController()

  constructor(needs: { cache: SpeechCache; voices: readonly Voice[]; log: Log }) {
    this.#cache = needs.cache
    this.#voices = needs.voices
    this.#log = needs.log
  }

  async render(text: string, options: SpeechOptions = {}): Promise<SpokenText> {
    if (text.length > LONGEST_INPUT) throw new SpeechError('too_long', `text of ${text.length} characters`)
    const plain = plainText(text)
    if (!/[\p{L}\p{N}]/u.test(plain)) throw new SpeechError('empty', 'there is nothing to say')
    if (plain.length > LONGEST_TEXT) throw new SpeechError('too_long', `text of ${plain.length} characters`)
    const request: Request = {
      language: isLanguage(options.language) ? options.language : DEFAULT_LANGUAGE,
      voice_id: (options.voice_id ?? '').slice(0, 255),
      gender: options.gender ?? 'neutral',
    }
    const failures: unknown[] = []
    for (const voice of await this.#candidates(options.provider ?? '', request.language)) {
      try {
        return await this.#speak(plain, voice, request)
      } catch (error) {
        if (error instanceof SpeechError && error.problem !== 'no_voice') throw error
        this.#log.warn({ err: error, voice: voice.name }, 'a voice failed, trying the next')
        failures.push(error)
      }
    }
    throw new SpeechError('no_voice', 'no voice could speak the text', failures[0])
  }

  /** The voice that was asked for, then those that speak the language, and at last the default one, whatever it speaks. */
  async #candidates(provider: string, language: string): Promise<Voice[]> {
    const speaking: Voice[] = []
    for (const voice of this.#voices) if (await voice.speaks(language)) speaking.push(voice)
    const wanted = speaking.find(({ name }) => name === provider)
    const [fallback] = this.#voices
    return [...new Set([...(wanted ? [wanted] : []), ...speaking, ...(fallback ? [fallback] : [])])]
  }

  async #speak(text: string, voice: Voice, request: Request): Promise<SpokenText> {
    const { language, voice_id, gender } = request
    const key = createHash('sha256')
      .update(JSON.stringify([1, text, language, voice.name, voice_id, gender]))
      .digest('hex')
    const running = this.#running.get(key)
    if (running) return running
    if (this.#stop.signal.aborted) throw new SpeechError('stopped', 'speech has been stopped')
    if (this.#running.size >= MOST_AT_ONCE) throw new SpeechError('busy', `${MOST_AT_ONCE} texts are being spoken`)
    const speaking = this.#findOrRender(key, text, voice, request).finally(() => this.#running.delete(key))
    this.#running.set(key, speaking)
    return speaking
  }

  async #findOrRender(key: string, text: string, voice: Voice, request: Request): Promise<SpokenText> {
    const kept = await this.#cache.find(key)
    if (kept) return kept
    const spoken = await voice.render(text, { ...request, signal: this.#stop.signal })
    const { wav, durationMs } = await toTelephoneWav(spoken)
    if (durationMs === 0) throw new SpeechError('no_voice', 'the voice said nothing')
    return { file: await this.#cache.keep(key, wav), durationMs }
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#voices.map((voice) => voice.stop?.()))
    await Promise.allSettled(this.#running.values())
  }
}

function isLanguage(language: string | undefined): language is string {
  return language !== undefined && /^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}$/i.test(language)
}
