import type { MuteDirection } from './call.ts'
import type { SayOptions } from './live-call.ts'

export type MutedDirection = Exclude<MuteDirection, ''>

/** What can be asked of a call that is up, beside what its flow does (`calls.md` §7). */
export type Control =
  | { type: 'hold' | 'moh' | 'silence'; on: boolean }
  | { type: 'mute'; on: boolean; direction: MutedDirection }
  | { type: 'talk'; text: string; voice: SayOptions }

/**
 * Why it is not done: the call is over, or in a state that does not allow it (`status` is that state); the text cannot be
 * spoken; speech could not be made; or a program that should hear and speak is one too many, or not there.
 */
export type ControlRefusal =
  | { why: 'over' | 'text' | 'no_speech' | 'too_many_streams' | 'no_program' }
  | { why: 'state'; status: 'dialing' | 'ringing' | 'terminating' | 'canceling' }

/** What is muted once this direction is, too. */
export function muted(current: MuteDirection, direction: MutedDirection): MuteDirection {
  return current === '' || current === direction ? direction : 'both'
}

/** What stays muted when this direction is not any more. */
export function unmuted(current: MuteDirection, direction: MutedDirection): MuteDirection {
  if (direction === 'both' || current === direction) return ''
  if (current !== 'both') return current
  return direction === 'in' ? 'out' : 'in'
}
