import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Voice } from './voice.ts'
import { EspeakVoice } from './voices/espeak.ts'
import { FliteVoice } from './voices/flite.ts'
import { FliteProgramVoice } from './voices/flite-program.ts'

/** What can speak without any account: flite as WebAssembly always, the installed programs where they are. */
export function defaultVoices(needs: { folder: string; clock: Clock; log: Log }): Voice[] {
  return [new FliteVoice(needs), new EspeakVoice(needs.clock), new FliteProgramVoice(needs)]
}
