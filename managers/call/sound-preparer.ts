import type { Log } from '#platform/log'
import type { CallInput } from './call-input.ts'
import type { SayOptions } from './live-call.ts'

/**
 * Makes text into a file that can be played. Where it rejects because of the text, the error's `problem` is `empty` or
 * `too_long`.
 */
export interface Speech {
  render(text: string, options: SayOptions): Promise<{ file: string }>
}

/** Fetches sounds from outside, within the rules for outside addresses, into files that can be played. */
export interface SoundFetcher {
  fetch(url: string, signal: AbortSignal): Promise<{ file: string }>
}

/** Makes the sounds of one live call ready; what comes of each goes back to its actor. */
export class SoundPreparer {
  readonly #needs: { log: Log; speech: Speech; sounds: SoundFetcher }
  readonly #call_id: string
  readonly #take: (input: CallInput) => void
  readonly #running = new Map<string, AbortController>()

  constructor(
    needs: { log: Log; speech: Speech; sounds: SoundFetcher },
    parts: { call_id: string; take: (input: CallInput) => void },
  ) {
    this.#needs = needs
    this.#call_id = parts.call_id
    this.#take = parts.take
  }

  render(sound: string, text: string, voice: SayOptions): void {
    this.#prepare(sound, async () => [await this.#needs.speech.render(text, voice)])
  }

  fetch(sound: string, urls: readonly string[]): void {
    this.#prepare(sound, (signal) => this.#fetchAll(urls, signal))
  }

  abort(sound: string): void {
    this.#running.get(sound)?.abort()
  }

  abortAll(): void {
    for (const controller of this.#running.values()) controller.abort()
  }

  #prepare(sound: string, work: (signal: AbortSignal) => Promise<{ file: string }[]>): void {
    const controller = new AbortController()
    this.#running.set(sound, controller)
    work(controller.signal)
      .then((parts) => this.#take({ type: 'sound_ready', sound, parts }))
      .catch((error: unknown) => {
        if (!controller.signal.aborted)
          this.#needs.log.info({ call_id: this.#call_id, error }, 'a sound could not be made ready')
        this.#take({ type: 'sound_failed', sound, issue: issueOf(error), isTextAtFault: isTextAtFault(error) })
      })
      .finally(() => this.#running.delete(sound))
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
}

function isTextAtFault(error: unknown): boolean {
  return error instanceof Error && 'problem' in error && (error.problem === 'empty' || error.problem === 'too_long')
}

function issueOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
