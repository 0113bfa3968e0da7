import { isIPv6 } from 'node:net'
import { usablePtime } from './audio-formats.ts'
import type { CodecName, Direction, LocalMedia } from './negotiated.ts'
import type { Attribute, Connection, MediaDescription, Sdp } from './parse-sdp.ts'

/** The payload types of what an offer of ours contains. */
export const OFFERED: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8 }
export const DEFAULT_CODECS: readonly CodecName[] = ['PCMU', 'PCMA']
export const DEFAULT_TELEPHONE_EVENT = 101

export const familyOf = (address: string): 'IP4' | 'IP6' => (isIPv6(address) ? 'IP6' : 'IP4')

/** A description of ours around these media. */
export function localSdp(local: LocalMedia, media: readonly MediaDescription[]): Sdp {
  const connection: Connection = { family: familyOf(local.address), address: local.address }
  return {
    origin: { username: '-', sessionId: local.sessionId, version: String(local.version), ...connection },
    name: '-',
    connection,
    attributes: [],
    media,
  }
}

/** Our audio m-line. */
export function localAudio(what: {
  port: number
  protocol: string
  codecs: readonly { codec: CodecName; payloadType: number }[]
  telephoneEvent: number | null
  ptimeMs: number
  direction: Direction
}): MediaDescription {
  const attributes: Attribute[] = what.codecs.map(({ codec, payloadType }) => ({
    name: 'rtpmap',
    value: `${payloadType} ${codec}/8000`,
  }))
  const formats = what.codecs.map(({ payloadType }) => String(payloadType))
  if (what.telephoneEvent !== null) {
    formats.push(String(what.telephoneEvent))
    attributes.push({ name: 'rtpmap', value: `${what.telephoneEvent} telephone-event/8000` })
    attributes.push({ name: 'fmtp', value: `${what.telephoneEvent} 0-16` })
  }
  attributes.push({ name: 'ptime', value: String(usablePtime(what.ptimeMs)) })
  attributes.push({ name: what.direction, value: '' })
  return { media: 'audio', port: what.port, protocol: what.protocol, formats, connection: undefined, attributes }
}
