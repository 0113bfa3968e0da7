import { apiErrors, decodePageToken, type Page } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import { MOST_ON_PAGE, TIMELINE_PAGE, type TimelineEvent, type TimelineQuery } from './contract.ts'

/** Which part of a timeline is asked for: at most `size` events, below a place in the history or older than a moment. */
export interface TimelineRequest {
  /** 1 to 1000; a store reads one more, so that the last page is known as such. */
  size: number
  before?: { position: number } | { moment: Timestamp }
}

/** An event as the store reads it: with its place in the customer's history, which no two events share. */
export interface PlacedEvent {
  position: number
  tm_create: Timestamp
  type: string
  data: Record<string, unknown>
}

const TOKEN = /^position\|([1-9][0-9]{0,14})$/

/** Reads the query of a timeline; a token that is none is `INVALID_ARGUMENT`. */
export function timelineRequest({ page_size = TIMELINE_PAGE, page_token = '' }: TimelineQuery): TimelineRequest {
  const size = page_size >= 1 && page_size <= MOST_ON_PAGE ? page_size : TIMELINE_PAGE
  return page_token === '' ? { size } : { size, before: readToken(page_token) }
}

/** Makes the page of events that the store read as `size + 1`, newest first. */
export function timelinePage(events: readonly PlacedEvent[], size: number): Page<TimelineEvent> {
  const shown = events.slice(0, size)
  const last = shown.at(-1)
  return {
    result: shown.map(({ tm_create, type, data }) => ({ timestamp: tm_create, event_type: type, data })),
    next_page_token: last && events.length > size ? writeToken(last.position) : '',
  }
}

function writeToken(position: number): string {
  return Buffer.from(`position|${position}`).toString('base64url')
}

function readToken(text: string): { position: number } | { moment: Timestamp } {
  const own = text.length > 200 ? null : TOKEN.exec(Buffer.from(text, 'base64url').toString('latin1'))
  if (own) return { position: Number(own[1]) }
  const bare = decodePageToken(text)
  // with an id it is the token of another list
  if (bare?.id === NIL_UUID) return { moment: bare.tm_create }
  throw apiErrors.INVALID_ARGUMENT({ field: 'page_token', issue: 'is no page token' })
}
