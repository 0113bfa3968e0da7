import type { EndAsker } from '#managers/call'
import type { LineEvent } from '#telecom/line'
import type { EndpointStatistics } from '#telecom/media'
import type { CallRecord, RecordedFact } from './call-record.ts'

/** How the leg ended; of several ways to a callee the last one. */
export function endOf({ facts }: CallRecord): (LineEvent & { type: 'ended' }) | undefined {
  const ended = facts.findLast((fact) => fact.kind === 'line' && fact.event.type === 'ended')
  return ended?.kind === 'line' && ended.event.type === 'ended' ? ended.event : undefined
}

/** Who asked first for the end, where it was neither the phone nor the flow. */
export function askedBy({ facts }: CallRecord): EndAsker | undefined {
  const asked = facts.find((fact) => fact.kind === 'end_asked')
  return asked?.kind === 'end_asked' ? asked.by : undefined
}

/** Why nobody could be called for it, the last time. */
export function connectRefusal({ facts }: CallRecord): string | undefined {
  const refused = facts.findLast((fact) => fact.kind === 'connect_refused')
  return refused?.kind === 'connect_refused' ? refused.reason : undefined
}

/** The last word of its sound. */
export function statisticsOf({ facts }: CallRecord): EndpointStatistics | undefined {
  const last = facts.findLast((fact) => fact.kind === 'media' && fact.event.type === 'statistics')
  return last?.kind === 'media' && last.event.type === 'statistics' ? last.event.statistics : undefined
}

/** Whether sound was missed and did not come again. */
export function isSilent({ facts }: CallRecord): boolean {
  const last = facts.findLast((fact) => isMedia(fact, 'media_lost') || isMedia(fact, 'media_resumed'))
  return last !== undefined && isMedia(last, 'media_lost')
}

export function isMedia(fact: RecordedFact, type: (RecordedFact & { kind: 'media' })['event']['type']): boolean {
  return fact.kind === 'media' && fact.event.type === type
}
