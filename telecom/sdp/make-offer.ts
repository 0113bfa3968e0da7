import { DEFAULT_CODECS, DEFAULT_TELEPHONE_EVENT, localAudio, localSdp, OFFERED } from './local-audio.ts'
import type { LocalMedia } from './negotiated.ts'
import { writeSdp } from './write-sdp.ts'

/** Offers one audio stream (RFC 3264 §5). Keep `local`: `acceptAnswer` needs it. */
export function makeOffer(local: LocalMedia): string {
  const codecs = (local.codecs ?? DEFAULT_CODECS).map((codec) => ({ codec, payloadType: OFFERED[codec] }))
  const telephoneEvent = local.telephoneEvent === undefined ? DEFAULT_TELEPHONE_EVENT : local.telephoneEvent
  const audio = localAudio({
    port: local.port,
    protocol: 'RTP/AVP',
    codecs,
    telephoneEvent,
    ptimeMs: local.ptimeMs ?? 20,
    direction: local.direction ?? 'sendrecv',
  })
  return writeSdp(localSdp(local, [audio]))
}
