import { apiErrors } from '#platform/http'
import { AudioSocketKind, AudioSocketReader, audioSocketMessage } from '#telecom/media'
import { emptyRtpHeader, parseRtp, RTP_HEADER_BYTES, writeRtpHeader } from '#telecom/rtp'

export const ENCAPSULATIONS = ['rtp', 'sln', 'audiosocket'] as const

/** The payload type of L16/8000/1 here (`media.md` §3). */
const L16 = 96

/** What a message of the client holds: sound, nothing that is of use, something broken, or the end. */
export type Unpacked = { sound: Buffer } | 'nothing' | 'broken' | 'end'

/** How 16-bit little-endian sound travels in the messages of a WebSocket, both ways; one for each stream. */
export interface Encapsulation {
  pack(sound: Buffer): Buffer
  /** The sound is only lent. */
  unpack(message: Buffer): Unpacked
  /** What the client is told when the call has ended. */
  readonly farewell?: Buffer
}

/** By its name in the query. Throws `INVALID_ARGUMENT` for another name, and for none. */
export function encapsulationOf(name: string | undefined): Encapsulation {
  switch (name) {
    case 'sln':
      return plain
    case 'rtp':
      return rtp()
    case 'audiosocket':
      return audioSocket()
    default: {
      const issue = `must be one of ${ENCAPSULATIONS.join(', ')}`
      throw apiErrors.INVALID_ARGUMENT({ field: 'encapsulation', issue })
    }
  }
}

const plain: Encapsulation = {
  pack: (sound) => sound,
  unpack: (message) => (message.length % 2 === 0 ? { sound: message } : 'broken'),
}

/** Little-endian samples, against RFC 3551: so it is in the original. SSRC 0, sequence from 1, timestamps in samples. */
function rtp(): Encapsulation {
  let sequence = 0
  let timestamp = 0
  const header = emptyRtpHeader()
  return {
    pack(sound) {
      const packet = Buffer.concat([Buffer.alloc(RTP_HEADER_BYTES), sound])
      sequence = (sequence + 1) & 0xffff
      writeRtpHeader(packet, L16, false, sequence, timestamp, 0)
      timestamp = (timestamp + sound.length / 2) >>> 0
      return packet
    },
    unpack(message) {
      if (!parseRtp(message, header)) return 'broken'
      const { payloadType, payloadOffset, payloadLength } = header
      if (payloadType !== L16) return 'nothing'
      if (payloadLength % 2 !== 0) return 'broken'
      return { sound: message.subarray(payloadOffset, payloadOffset + payloadLength) }
    },
  }
}

/** Messages may come whole, several at once, or in pieces. */
function audioSocket(): Encapsulation {
  const sounds: Buffer[] = []
  let end: 'broken' | 'end' | undefined
  const reader = new AudioSocketReader((kind, payload) => {
    if (kind === AudioSocketKind.hangup) end ??= 'end'
    else if (kind === AudioSocketKind.error) end ??= 'end'
    else if (kind === AudioSocketKind.audio && payload.length % 2 !== 0) end ??= 'broken'
    else if (kind === AudioSocketKind.audio) sounds.push(payload)
  })
  return {
    pack: (sound) => audioSocketMessage(AudioSocketKind.audio, sound),
    unpack(message) {
      reader.push(message)
      if (end) return end
      const heard = sounds.splice(0)
      return heard.length === 0 ? 'nothing' : { sound: Buffer.concat(heard) }
    },
    farewell: audioSocketMessage(AudioSocketKind.hangup),
  }
}
