import type { CodecName } from './negotiated.ts'
import type { MediaDescription } from './parse-sdp.ts'

/** What one audio m-line says about its payload types, as far as we can use them. */
export interface AudioFormats {
  /** In the order of the m-line. */
  codecs: readonly { codec: CodecName; payloadType: number }[]
  telephoneEvent: number | null
  /** What the writer would like to get per packet, already one that we can send. */
  ptimeMs: number
}

const STATIC: Readonly<Record<string, CodecName>> = { '0': 'PCMU', '8': 'PCMA' }
const LONGEST_PTIME_MS = 60

/** Reads the payload types of an audio m-line; `a=rtpmap` wins over the static meaning of a number. */
export function readAudioFormats(media: MediaDescription): AudioFormats {
  const maps = new Map<string, string>()
  for (const { name, value } of media.attributes) {
    const [format, encoding] = value.trim().split(/\s+/)
    if (name === 'rtpmap' && format && encoding && !maps.has(format)) maps.set(format, encoding.toLowerCase())
  }
  const codecs: { codec: CodecName; payloadType: number }[] = []
  let telephoneEvent: number | null = null
  for (const format of media.formats) {
    const payloadType = /^\d{1,3}$/.test(format) ? Number(format) : Number.NaN
    if (!(payloadType <= 127)) continue
    const encoding = maps.get(format) ?? `${STATIC[format] ?? ''}/8000`.toLowerCase()
    if (/^pcmu\/8000(\/1)?$/.test(encoding)) codecs.push({ codec: 'PCMU', payloadType })
    else if (/^pcma\/8000(\/1)?$/.test(encoding)) codecs.push({ codec: 'PCMA', payloadType })
    else if (/^telephone-event\/8000(\/1)?$/.test(encoding)) telephoneEvent ??= payloadType
  }
  return { codecs, telephoneEvent, ptimeMs: readPtime(media) }
}

function readPtime(media: MediaDescription): number {
  const number = (name: string) => {
    const text = media.attributes.find((attribute) => attribute.name === name)?.value.trim() ?? ''
    return /^\d{1,5}(\.\d+)?$/.test(text) ? Number(text) : undefined
  }
  const wanted = Math.min(number('ptime') || 20, number('maxptime') || LONGEST_PTIME_MS)
  return usablePtime(wanted)
}

/** The nearest packet time that we can send, never more than asked for unless that is under 10 ms. */
export function usablePtime(wantedMs: number): number {
  return Math.min(Math.max(Math.floor(wantedMs / 10) * 10, 10), LONGEST_PTIME_MS)
}
