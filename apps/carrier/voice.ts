import type { Speech } from '#managers/tts'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'

/** The voice of the network. Its code is loaded by the first text that is spoken; a text is spoken once and kept. */
export class Voice {
  readonly #needs: { clock: Clock; ids: Ids; log: Log; folder: string }
  #speech: Promise<Speech> | undefined

  constructor(needs: { clock: Clock; ids: Ids; log: Log; folder: string }) {
    this.#needs = needs
  }

  /** The WAV file of a text. Rejects with a `SpeechError`. */
  async speak(text: string): Promise<string> {
    this.#speech ??= this.#load()
    const { file } = await (await this.#speech).render(text)
    return file
  }

  async stop(): Promise<void> {
    await (await this.#speech)?.stop()
  }

  async #load(): Promise<Speech> {
    const { createSpeech } = await import('#managers/tts')
    const { folder: cacheFolder, ...rest } = this.#needs
    return createSpeech({ cacheFolder, ...rest })
  }
}
