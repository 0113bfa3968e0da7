import { isIPv4, isIPv6 } from 'node:net'
import { findDirection, withoutReceiving } from './direction.ts'
import { familyOf } from './local-audio.ts'
import type { Direction, RemoteMedia, Unacceptable } from './negotiated.ts'
import type { MediaDescription, Sdp } from './parse-sdp.ts'

/** The profiles that we speak: plain RTP, with or without early RTCP feedback (RFC 3551, RFC 4585). */
const PROFILES = ['RTP/AVP', 'RTP/AVPF']

const isAudio = (media: MediaDescription) => media.media === 'audio' && media.port !== 0

/** The position of the m-line that becomes the session, or why there is none. */
export function chooseAudio(sdp: Sdp): { index: number } | { unacceptable: Unacceptable } {
  const index = sdp.media.findIndex((media) => isAudio(media) && PROFILES.includes(media.protocol))
  if (index >= 0) return { index }
  if (sdp.media.some(isAudio)) return { unacceptable: 'transport' }
  const used = sdp.media.filter((media) => media.port !== 0)
  const onlyImage = used.length > 0 && used.every((media) => media.media === 'image')
  return { unacceptable: onlyImage ? 'image_only' : 'no_audio' }
}

/** Where an m-line's writer wants its packets, and the direction it means by it. */
export function readRemote(
  sdp: Sdp,
  media: MediaDescription,
  localAddress: string,
): { remote: RemoteMedia | null; direction: Direction } | { unacceptable: Unacceptable } {
  const connection = media.connection ?? sdp.connection
  if (!connection) return { unacceptable: 'malformed' }
  const { address, family } = connection
  const direction = findDirection(media.attributes) ?? findDirection(sdp.attributes) ?? 'sendrecv'
  if (address === '0.0.0.0' || address === '::') return { remote: null, direction: withoutReceiving(direction) }
  const literal = family === 'IP6' ? isIPv6(address) : isIPv4(address)
  if (!literal || isMulticast(address) || familyOf(localAddress) !== family) return { unacceptable: 'no_address' }
  return { remote: { address, port: media.port, rtcpPort: readRtcpPort(media) }, direction }
}

function isMulticast(address: string): boolean {
  if (isIPv6(address)) return /^ff/i.test(address)
  return Number(address.split('.')[0]) >= 224
}

function readRtcpPort(media: MediaDescription): number {
  const text =
    media.attributes
      .find(({ name }) => name === 'rtcp')
      ?.value.trim()
      .split(' ')[0] ?? ''
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port > 0 && port <= 65_535 ? port : Math.min(media.port + 1, 65_535)
}
