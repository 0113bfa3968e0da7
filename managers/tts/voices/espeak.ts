import type { Clock } from '#platform/time'
import type { Voice, VoiceRequest } from '../voice.ts'
import { installed, runProgram } from './program.ts'

const WORDS_PER_MINUTE = '160'

/** The installed espeak-ng program: robotic, but more than a hundred languages. */
export class EspeakVoice implements Voice {
  readonly name = 'espeak-ng'
  readonly #clock: Clock
  readonly #installed: () => Promise<boolean>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#installed = installed(clock, 'espeak-ng', ['--version'])
  }

  speaks(): Promise<boolean> {
    return this.#installed()
  }

  async render(text: string, { language, voice_id, gender, signal }: VoiceRequest): Promise<Uint8Array> {
    const whole = language.toLowerCase()
    const base = whole.split('-')[0] ?? whole
    const variant = gender === 'female' ? '+f3' : ''
    const named = /^[a-z][a-z0-9-]{1,30}$/i.test(voice_id) ? [voice_id] : []
    let failure: unknown
    for (const name of [...named, whole + variant, base + variant]) {
      try {
        return await runProgram(
          this.#clock,
          'espeak-ng',
          ['-v', name, '-s', WORDS_PER_MINUTE, '--stdin', '--stdout'],
          text,
          signal,
        )
      } catch (error) {
        failure = error
        if (signal.aborted) break
      }
    }
    throw failure
  }
}
