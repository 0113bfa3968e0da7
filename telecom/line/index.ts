/** Phone lines: what managers see of telephony. See README.md. */
export { CAUSE, causeOfReason, causeOfSipStatus, reasonHeader, sipStatusOfCause } from './cause.ts'
export { IncomingLine } from './incoming-line.ts'
export { digitsPart, type Line, type LineNeeds } from './line.ts'
export { type Found, LineDirectory, type ListedLine } from './line-directory.ts'
export type { DigitMethod, LineEnd, LineEvent } from './line-event.ts'
export { OutgoingLine, type OutgoingLineNeeds, type OutgoingLineOptions } from './outgoing-line.ts'
export type { AskedTransfer, ReplacedDialog } from './transfer.ts'
