import type { CodecName } from '../wanted-media.ts'
import type { Codec } from './codec.ts'
import { pcma, pcmu } from './g711.ts'

/** Every codec by name; a new one is a file of its own and a line here. */
export const codecs: Readonly<Record<CodecName, Codec>> = { PCMU: pcmu, PCMA: pcma }

export type { Codec } from './codec.ts'
