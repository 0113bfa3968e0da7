import { SpeechError } from '../speech-error.ts'

/** flite's voices by their names; all speak English. */
const FEMALE = 'slt'
const MALE = 'rms'
const NAMES: readonly string[] = ['slt', 'rms', 'awb', 'kal', 'kal16']

export const speaksEnglish = (language: string): boolean => /^en(-|$)/i.test(language)

/** The named voice, or the default one of the gender. */
export function fliteVoiceName(voice_id: string, gender: string): string {
  const name = voice_id.toLowerCase()
  if (NAMES.includes(name)) return name
  return gender === 'male' ? MALE : FEMALE
}

const SPELLED: Readonly<Record<string, string>> = {
  '“': '"',
  '”': '"',
  '‘': "'",
  '’': "'",
  '–': ', ',
  '—': ', ',
  '…': '.',
}

/** flite reads ASCII: accents are taken off, typographic marks spelled, the rest left out. */
export function fliteText(text: string): string {
  const ascii = text
    .replace(/[“”‘’–—…]/g, (mark) => SPELLED[mark] ?? ' ')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
  if (!/[a-z0-9]/i.test(ascii))
    throw new SpeechError('no_voice', 'there is nothing in this text that an English voice can say')
  return ascii
}
