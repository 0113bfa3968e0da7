import { readAudioFormats } from './audio-formats.ts'
import { answerDirection, receives } from './direction.ts'
import { DEFAULT_CODECS, DEFAULT_TELEPHONE_EVENT, OFFERED } from './local-audio.ts'
import type { LocalMedia, Negotiated, Unacceptable } from './negotiated.ts'
import { parseSdp } from './parse-sdp.ts'
import { chooseAudio, readRemote } from './remote-audio.ts'

/**
 * Reads the answer to `makeOffer(local)` (RFC 3264 §7). The payload types may differ per direction: we send with the
 * numbers of the answer and receive with those of our offer.
 */
export function acceptAnswer(
  local: LocalMedia,
  answer: string,
): { negotiated: Negotiated } | { unacceptable: Unacceptable; why: string } {
  const no = (unacceptable: Unacceptable, why: string = unacceptable) => ({ unacceptable, why })
  const parsed = parseSdp(answer)
  if ('malformed' in parsed) return no('malformed', parsed.malformed)
  const { sdp } = parsed
  const chosen = chooseAudio(sdp)
  if ('unacceptable' in chosen) return no(chosen.unacceptable)
  const audio = sdp.media[chosen.index]
  if (!audio) return no('no_audio')

  const offered = local.codecs ?? DEFAULT_CODECS
  const formats = readAudioFormats(audio)
  const voice = formats.codecs.find(({ codec }) => offered.includes(codec))
  if (!voice) return no('no_codec')
  const remote = readRemote(sdp, audio, local.address)
  if ('unacceptable' in remote) return no(remote.unacceptable)

  const ours = local.telephoneEvent === undefined ? DEFAULT_TELEPHONE_EVENT : local.telephoneEvent
  const digits = ours !== null && formats.telephoneEvent !== null
  return {
    negotiated: {
      remote: remote.remote,
      codec: voice.codec,
      payloadTypeSend: voice.payloadType,
      payloadTypeReceive: OFFERED[voice.codec],
      telephoneEventSend: digits ? formats.telephoneEvent : null,
      telephoneEventReceive: digits ? ours : null,
      ptimeMs: formats.ptimeMs,
      direction: answerDirection(remote.direction, local.direction ?? 'sendrecv'),
      held: !receives(remote.direction),
    },
  }
}
