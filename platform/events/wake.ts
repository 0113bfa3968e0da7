import type { Bus } from '#platform/bus'
import { INBOX } from './append.ts'
import { INBOX_GREW } from './sequencer.ts'

/** What tells of commits: a `Database`, the write lanes. */
export interface Commits {
  onCommit(run: (touched: ReadonlySet<string>) => void): void
}

/** Wakes the sequencer after each commit that put events into the inbox. */
export function wakeSequencer(bus: Bus, ...sources: readonly Commits[]): void {
  for (const source of sources)
    source.onCommit((touched) => {
      if (touched.has(INBOX)) bus.publish(INBOX_GREW, undefined)
    })
}
