/**
 * Session descriptions (RFC 8866) and the offer/answer model (RFC 3264) for one audio stream.
 *
 * - `answerOffer(offer, local)`: we were offered something (INVITE, re-INVITE).
 * - `makeOffer(local)` and `acceptAnswer(offer, answer)`: we offer.
 * - `parseSdp` / `writeSdp`: the descriptions themselves.
 */
export { acceptAnswer } from './accept-answer.ts'
export { type Answered, answerOffer } from './answer-offer.ts'
export { makeOffer } from './make-offer.ts'
export type { CodecName, Direction, LocalMedia, Negotiated, RemoteMedia, Unacceptable } from './negotiated.ts'
export { type Connection, type MediaDescription, type Origin, parseSdp, type Sdp } from './parse-sdp.ts'
export { writeSdp } from './write-sdp.ts'
