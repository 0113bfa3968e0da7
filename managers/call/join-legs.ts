import type { Clock } from '#platform/time'
import type { LiveRunner } from './live-runner.ts'

/** How long a phone that has heard that its transfer is done may take to hang up by itself. */
const LEAVE_MS = 2_000

/** With whom an answered leg talks, where both have answered. */
export function partnerOf(leg: LiveRunner, legs: (call_id: string) => LiveRunner | undefined): LiveRunner | undefined {
  const partner = leg.peer === undefined ? undefined : legs(leg.peer)
  return partner?.peer === leg.id && leg.isUp && partner.isUp ? partner : undefined
}

/**
 * Two legs talk with each other for good. With the end of one the other's flow goes on; one that runs none ends. Each of
 * them that waits for the end of a conversation waits for that of this one.
 */
export function joinForGood(leg: LiveRunner, other: LiveRunner): void {
  adopt(leg, other)
  if (other.isConnected) adopt(other, leg)
  else other.steer({ type: 'join', peer: leg.id })
}

function adopt(leg: LiveRunner, partner: LiveRunner): void {
  leg.move({ type: 'adopt', peer: partner.id })
  partner.subscribe((input) => {
    if (input.type === 'hungup') leg.move({ type: 'partner_ended', peer: partner.id })
  })
}

/** The phone of this leg has heard how its transfer went and hangs up by itself (RFC 5589 §6.1); else we do. */
export function awaitLeaving(leg: LiveRunner, clock: Clock): void {
  clock.after(LEAVE_MS, () => leg.hangup('normal', undefined, 'transfer'))
}
