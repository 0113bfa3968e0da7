/** Which way sound flows, seen from us. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** The voice codecs that an endpoint speaks. */
export type CodecName = 'PCMU' | 'PCMA'

/** One piece of a prompt; the pieces follow each other without a gap. */
export type PromptPart =
  /** A WAV file: any rate from 4 to 192 kHz, PCM of 8 to 32 bits, float or G.711, mono or more channels (mixed down). */
  | { file: string }
  /** Sine waves together: `level` is each one's strength in dBm0 (0 = loudest, default −10). */
  | { tone: { hz: readonly number[]; durationMs: number; level?: number } }
  /** Keys `0-9 A-D * #`: as RFC 4733 events, in-band tones where the other side takes no events. */
  | { digits: string; durationMs: number; gapMs: number }
  | { silenceMs: number }

/** What an endpoint sends. */
export type Sending =
  | { kind: 'silence' }
  /**
   * Plays the parts in order. The `prompt_id` is the prompt's identity: wanting the same one again changes nothing,
   * wanting another one (or anything else) stops it. Exactly one `prompt_finished` follows each prompt.
   */
  | { kind: 'prompt'; prompt_id: string; parts: readonly PromptPart[]; loop?: boolean }
  /** What is heard is sent back, after the jitter buffer. */
  | { kind: 'echo' }
  /**
   * What the endpoint `peer` of the same engine hears is sent; both ends say so for a conversation. Silence while there is
   * no such endpoint, or while it hears nothing.
   */
  | { kind: 'bridge'; peer: string }

/** What sounds in place of everything else for a while. */
export type Cover = Extract<Sending, { kind: 'silence' | 'prompt' }>

/**
 * Sound that is dropped: `in` = what comes from the party is silence for whoever hears it, `out` = the party gets silence.
 * Keys are no sound: they are still heard, and still sent where telephone events were agreed.
 */
export type MuteDirection = 'in' | 'out' | 'both'

/** A recording: what it is called, where it is written, and when it ends by itself. */
export interface RecordingTarget {
  recording_id: string
  in: string
  out: string
  /** It ends by itself when nothing louder than noise passed either way for so long, in milliseconds; absent = never. */
  endOfSilenceMs?: number
}

/**
 * A program that hears the party and speaks to it: AudioSocket over TCP to this address (a literal), which is sent the
 * `stream_id` (a UUID) first. While there is one, a conversation is mixed and not relayed.
 */
export interface StreamTarget {
  stream_id: string
  address: string
  port: number
  /** `in` = what comes from the party, `out` = what goes to it but for what programs say, `both` = mixed. */
  listen: 'none' | 'in' | 'out' | 'both'
  /** Whether the party hears what the program says. */
  speak: boolean
}

/** Where datagrams are written as they come and go: an absolute path, and how long the file may become. */
export interface CaptureTarget {
  file: string
  maxBytes: number
}

/** Everything that an endpoint shall be and do from now on: the whole of it, never a change to it. */
export interface WantedMedia {
  /** Where to send to; `null` = nowhere (not known yet, or hold by `c=0.0.0.0`). */
  remote: { address: string; port: number; rtcpPort?: number } | null
  codec: CodecName
  payloadTypeSend: number
  payloadTypeReceive: number
  /** RFC 4733 payload types per direction; `null` = none agreed, digits travel as in-band tones. */
  telephoneEventSend: number | null
  telephoneEventReceive: number | null
  /** Milliseconds of sound per packet that we send: 10, 20, 30, 40, 50 or 60. */
  ptimeMs: number
  direction: Direction
  sending: Sending
  /**
   * Sounds in place of `sending`, which waits: a prompt goes on where it was when the cover is gone. A prompt that covers
   * ends like any other; silence follows it until another cover, or none, is wanted.
   */
  cover?: Cover
  mute?: MuteDirection
  /**
   * Count this up with each SDP that came from the other side: a new one lets the endpoint learn the true source
   * address again for a short while. Left out, only a changed `remote` does.
   */
  sdpVersion?: number
  /** Where signalling comes from: where the SDP address sends nothing, sound from here is preferred to any other. */
  signallingAddress?: string
  /**
   * `media_lost` comes after so long without a packet. Default: 60 000 while the direction is `sendrecv`, 3 600 000
   * while held. 0 = not watched: say so until the call is answered.
   */
  deadMediaMs?: number
  /**
   * Both directions are written to files as long as this stands here: absolute paths of files that do not exist yet, `in` =
   * from the party, `out` = to the party. The `recording_id` is its identity: the same one again goes on.
   */
  recording?: RecordingTarget
  /** The `stream_id` is the identity of each: the same one again goes on, and one that has ended does not begin again. */
  streams?: readonly StreamTarget[]
  /** Every datagram, RTP and RTCP, is written to a capture file from now on; the first one that was named counts. */
  capture?: CaptureTarget
}

/** A wanted endpoint as it travels to its worker: an older version never replaces a newer one. */
export interface EndpointSpec extends WantedMedia {
  id: string
  version: number
}
