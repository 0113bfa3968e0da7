import { readAudioFormats, usablePtime } from './audio-formats.ts'
import { answerDirection, receives } from './direction.ts'
import { DEFAULT_CODECS, localAudio, localSdp } from './local-audio.ts'
import type { LocalMedia, Negotiated, Unacceptable } from './negotiated.ts'
import { type MediaDescription, parseSdp } from './parse-sdp.ts'
import { chooseAudio, readRemote } from './remote-audio.ts'
import { writeSdp } from './write-sdp.ts'

export type Answered = { sdp: string; negotiated: Negotiated } | { unacceptable: Unacceptable; why: string }

const no = (unacceptable: Unacceptable, why: string = unacceptable): Answered => ({ unacceptable, why })

/**
 * Answers an offer (RFC 3264 §6): the first usable audio line becomes the session with its first codec that we take,
 * every other line is answered with port 0. An offer without a body is not an offer: use `makeOffer`.
 */
export function answerOffer(offer: string, local: LocalMedia): Answered {
  const parsed = parseSdp(offer)
  if ('malformed' in parsed) return no('malformed', parsed.malformed)
  const { sdp } = parsed
  const chosen = chooseAudio(sdp)
  if ('unacceptable' in chosen) return no(chosen.unacceptable)
  const audio = sdp.media[chosen.index]
  if (!audio) return no('no_audio')

  const wanted = local.codecs ?? DEFAULT_CODECS
  const formats = readAudioFormats(audio)
  const voice = formats.codecs.find(({ codec }) => wanted.includes(codec))
  if (!voice) return no('no_codec')
  const remote = readRemote(sdp, audio, local.address)
  if ('unacceptable' in remote) return no(remote.unacceptable)

  const telephoneEvent = local.telephoneEvent === null ? null : formats.telephoneEvent
  const direction = answerDirection(remote.direction, local.direction ?? 'sendrecv')
  const ptimeMs = Math.min(formats.ptimeMs, usablePtime(local.ptimeMs ?? 60))
  const media = sdp.media.map((line, index) =>
    index === chosen.index
      ? localAudio({ port: local.port, protocol: line.protocol, codecs: [voice], telephoneEvent, ptimeMs, direction })
      : refused(line),
  )
  return {
    sdp: writeSdp(localSdp(local, media)),
    negotiated: {
      remote: remote.remote,
      codec: voice.codec,
      payloadTypeSend: voice.payloadType,
      payloadTypeReceive: voice.payloadType,
      telephoneEventSend: telephoneEvent,
      telephoneEventReceive: telephoneEvent,
      ptimeMs,
      direction,
      held: !receives(remote.direction),
    },
  }
}

/** A line that we do not take is answered with port 0 and its own formats (§6). */
function refused(line: MediaDescription): MediaDescription {
  return { ...line, port: 0, connection: undefined, attributes: [] }
}
