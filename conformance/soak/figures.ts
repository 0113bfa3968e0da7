import { type Platform, pause } from '#testkit'
import { kept } from '../calls/kept.ts'
import type { Heap, Inspector } from './inspector.ts'

/** What the platform holds at a moment, each thread's garbage collected. */
export interface Figures {
  /** Seconds since the soak began. */
  at: number
  heaps: Record<string, Heap>
  kept: Record<string, number>
}

const FAINT_BYTES = 3 << 20
const GROWTH = 1.1

export async function figures(platform: Platform, inspector: Inspector, at: number): Promise<Figures> {
  return { at: Math.round(at), heaps: await inspector.heaps(), kept: await kept(platform) }
}

/** Takes figures again and again until `over` resolves. */
export async function watch(take: () => Promise<Figures>, everyMs: number, over: Promise<unknown>): Promise<Figures[]> {
  const taken: Figures[] = []
  let isOver = false
  const end = over.then(
    () => {
      isOver = true
    },
    () => {
      isOver = true
    },
  )
  for (;;) {
    await Promise.race([pause(everyMs), end])
    if (isOver) return taken
    taken.push(await take())
  }
}

/**
 * What grew under load, each in a line: the average of the last quarter against that of the second one (the first is
 * warm-up), more than a tenth and 3 MB for what a thread holds, a tenth and 10 for handles.
 */
export function grown(taken: readonly Figures[]): string[] {
  const quarter = Math.floor(taken.length / 4)
  if (quarter === 0) return []
  const [before, after] = [taken.slice(quarter, 2 * quarter), taken.slice(-quarter)]
  const lines: string[] = []
  for (const name of Object.keys(before[0]?.heaps ?? {})) {
    const bytes = (part: readonly Figures[]) => average(part.map(({ heaps }) => held(heaps[name])))
    if (bytes(after) > bytes(before) * GROWTH + FAINT_BYTES)
      lines.push(`${name}: ${megabytes(bytes(before))} to ${megabytes(bytes(after))}`)
  }
  for (const name of Object.keys(before[0]?.kept ?? {})) {
    if (name === 'lane_writes_waiting') continue // a moment's load
    const count = (part: readonly Figures[]) => average(part.map(({ kept }) => kept[name] ?? 0))
    if (count(after) > count(before) * GROWTH + 10)
      lines.push(`${name}: ${Math.round(count(before))} to ${Math.round(count(after))}`)
  }
  return lines
}

/** Bytes on the JavaScript heap and beside it. */
export function held(heap: Heap | undefined): number {
  return heap === undefined ? 0 : heap.heapUsed + heap.external
}

export function megabytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MB`
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
