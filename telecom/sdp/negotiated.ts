/** Which way sound flows, from the point of view of whoever says it (RFC 8866 §6.7). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** The voice codecs that we speak, by their RTP names. */
export type CodecName = 'PCMU' | 'PCMA'

/** Where the other side wants its packets. */
export interface RemoteMedia {
  /** An IPv4 or IPv6 literal, never a name. */
  address: string
  port: number
  /** Where its RTCP goes: `a=rtcp` (RFC 3605), else `port + 1`. */
  rtcpPort: number
}

/**
 * What an offer and its answer agreed on, from our side. Its fields carry the names of `WantedMedia` in
 * `#telecom/media`, so that `{ ...negotiated, sending }` is a wanted endpoint.
 */
export interface Negotiated {
  /** `null` while the other side gave no address to send to (hold by `c=0.0.0.0`). */
  remote: RemoteMedia | null
  codec: CodecName
  /** The payload type that the other side wants to get from us. */
  payloadTypeSend: number
  /** The payload type that the other side was told to send to us. */
  payloadTypeReceive: number
  /** RFC 4733 payload type of digits that we send; `null` where the other side takes none. */
  telephoneEventSend: number | null
  /** RFC 4733 payload type of digits that come to us; `null` where none was agreed. */
  telephoneEventReceive: number | null
  /** Milliseconds of sound in each packet that we send: 10, 20, 30, 40, 50 or 60. */
  ptimeMs: number
  /** Ours: `sendrecv` while talking, `recvonly` or `inactive` when the other side holds us. */
  direction: Direction
  /** Whether the other side has put us on hold: it does not want to hear us (`sendonly`, `inactive`, `c=0.0.0.0`). */
  held: boolean
}

/** Why no session can come of an offer or answer; each is a 488 but for `malformed`, which is a 400. */
export type Unacceptable = 'malformed' | 'no_audio' | 'image_only' | 'no_codec' | 'no_address' | 'transport'

/** What we say about ourselves in an offer or answer. */
export interface LocalMedia {
  /** The address that the other side shall send to (an IP literal). */
  address: string
  /** Our RTP port (even); RTCP is the next one. */
  port: number
  /** `o=` session id: decimal digits, the same for the whole dialog. */
  sessionId: string
  /** `o=` version: one more for each SDP of the dialog that differs from the last. */
  version: number
  /** The codecs we take, the preferred one first. Default: PCMU, PCMA. */
  codecs?: readonly CodecName[]
  /** The payload type that we want digits on: 96 to 127, default 101; `null` = none. An answer takes the offer's. */
  telephoneEvent?: number | null
  /** Sound per packet that we would like to get, in milliseconds. Default 20. */
  ptimeMs?: number
  /** What we are willing to do; default `sendrecv`. An answer never goes beyond what the offer allows. */
  direction?: Direction
}
