import { provisioningErrors } from './errors.ts'

/** What the platform can offer, by the names that it is known by. */
const KNOWN: Readonly<Record<string, ProviderCodec>> = { PCMU: 'PCMU', PCMA: 'PCMA', ULAW: 'PCMU', ALAW: 'PCMA' }
export type ProviderCodec = 'PCMU' | 'PCMA'

/** A list of codecs as it is stored: names in capitals, joined by commas. Throws `INVALID_CODECS`. */
export function normaliseCodecs(list: string): string {
  if (list.trim() === '') return ''
  const names = list.split(',').map((name) => name.trim())
  if (names.includes('')) throw provisioningErrors.INVALID_CODECS({ issue: 'has an empty entry' })
  const found = names.map((name) => {
    const codec = KNOWN[name.toUpperCase()]
    if (!codec)
      throw provisioningErrors.INVALID_CODECS({ issue: `names ${shown(name)}, which is not one of PCMU, PCMA` })
    return codec
  })
  const [repeated] = found.filter((codec, at) => found.indexOf(codec) !== at)
  if (repeated) throw provisioningErrors.INVALID_CODECS({ issue: `names ${repeated} twice` })
  return found.join(',')
}

/** The codecs of a stored list; none where it leaves the choice to the platform. */
export function codecsOf(list: string): ProviderCodec[] {
  return list === '' ? [] : (list.split(',') as ProviderCodec[])
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 32))
}
