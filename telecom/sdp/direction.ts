import type { Direction } from './negotiated.ts'
import type { Attribute } from './parse-sdp.ts'

const DIRECTIONS: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] satisfies Direction[]

const sends = (direction: Direction) => direction === 'sendrecv' || direction === 'sendonly'
export const receives = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'recvonly'

function directionOf(send: boolean, receive: boolean): Direction {
  if (send) return receive ? 'sendrecv' : 'sendonly'
  return receive ? 'recvonly' : 'inactive'
}

/** The direction attribute among these, the last one where somebody wrote several. */
export function findDirection(attributes: readonly Attribute[]): Direction | undefined {
  return attributes.findLast((attribute) => DIRECTIONS.includes(attribute.name))?.name as Direction | undefined
}

/** The same direction without receiving: how `c=0.0.0.0` is to be read (RFC 3264 §8.4). */
export const withoutReceiving = (direction: Direction): Direction => directionOf(sends(direction), false)

/** What is left for us when the other side does `theirs` and we are willing to do `ours` (RFC 3264 §6.1). */
export function answerDirection(theirs: Direction, ours: Direction): Direction {
  return directionOf(receives(theirs) && sends(ours), sends(theirs) && receives(ours))
}
