import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#platform/time'
import type { Voice, VoiceRequest } from '../voice.ts'
import { fliteText, fliteVoiceName, speaksEnglish } from './flite-names.ts'
import { installed, runProgram } from './program.ts'

/** The installed flite program: the same voices as the WebAssembly one, in a process of its own. */
export class FliteProgramVoice implements Voice {
  readonly name = 'flite-program'
  readonly #folder: string
  readonly #clock: Clock
  readonly #installed: () => Promise<boolean>

  constructor(needs: { folder: string; clock: Clock }) {
    this.#folder = needs.folder
    this.#clock = needs.clock
    this.#installed = installed(needs.clock, 'flite', ['-lv'])
  }

  async speaks(language: string): Promise<boolean> {
    return speaksEnglish(language) && (await this.#installed())
  }

  async render(text: string, { voice_id, gender, signal }: VoiceRequest): Promise<Uint8Array> {
    const voice = fliteVoiceName(voice_id, gender)
    const ascii = fliteText(text)
    await mkdir(this.#folder, { recursive: true })
    // it writes to files only
    const work = await mkdtemp(join(this.#folder, 'flite-'))
    try {
      const file = join(work, 'speech.wav')
      await runProgram(this.#clock, 'flite', ['-voice', voice, '-f', '-', '-o', file], ascii, signal)
      return await readFile(file)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  }
}
