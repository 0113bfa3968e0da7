/**
 * The event ledger: every change of a resource announces itself in the transaction that makes it, the sequencer gives
 * each event its place in the customer's history, and readers with durable cursors do the rest.
 */
export { appendEvents, eventWrite, INBOX, type Stamp } from './append.ts'
export { Event, listEvents } from './contract.ts'
export type { LedgerEvent, NewEvent } from './event.ts'
export { watchLedger } from './ledger-figures.ts'
export { type Behind, CursorMoved, LedgerReader, type Reading } from './ledger-reader.ts'
export { eventMigrations } from './migrations/index.ts'
export { type EventPage, type EventRequest, type PublicEvent, PublicEvents } from './public-events.ts'
export { dropLedgerBefore } from './retention.ts'
export { eventRoutes } from './routes.ts'
export { INBOX_GREW, LEDGER_MOVED, type LedgerMoved, Sequencer, type SequencerOptions } from './sequencer.ts'
export { type Commits, wakeSequencer } from './wake.ts'
