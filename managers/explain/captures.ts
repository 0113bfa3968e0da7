import { mkdirSync } from 'node:fs'
import { open, readdir, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { CaptureTarget } from '#telecom/media'
import { CaptureBudget, type CaptureLimits, type NotCaptured } from './capture-budget.ts'

const DAY = /^\d{4}-\d{2}-\d{2}$/
const FILE = /^\d{4}-\d{2}-\d{2}\/(?:[0-9a-f-]{36}\/)?[0-9a-f-]{36}\.pcap$/

/**
 * Where the captured sound of calls is: a folder for each day, so that a day is forgotten as a whole, and in it one for each
 * customer, so that what everybody takes is known again after a restart.
 */
export class Captures {
  readonly #folder: string
  readonly #limits: CaptureLimits
  readonly #budget: CaptureBudget
  readonly #made = new Set<string>()
  #measured = false

  constructor(folder: string, limits: CaptureLimits) {
    this.#folder = folder
    this.#limits = limits
    this.#budget = new CaptureBudget(limits)
  }

  /** Counts what is there. Before it has, nothing is captured. */
  async measure(): Promise<void> {
    if (this.#limits.perCall === 0 || this.#measured) return
    for (const day of await this.#days())
      for (const each of await readdir(join(this.#folder, day), { recursive: true, withFileTypes: true })) {
        if (!each.isFile()) continue
        const share = relative(this.#folder, each.parentPath)
        this.#budget.found(share, await sizeOf(join(each.parentPath, each.name)))
      }
    this.#measured = true
  }

  /**
   * A place for a call of this day (`2026-01-31`), held for it until it is settled; or why there is none. `undefined` where
   * sound is not captured at all.
   */
  make(call: {
    day: string
    customer_id: string
    call_id: string
  }): { name: string; target: CaptureTarget } | NotCaptured | undefined {
    if (this.#limits.perCall === 0) return undefined
    if (!this.#measured) return 'not_possible'
    const share = join(call.day, call.customer_id)
    const name = `${share}/${call.call_id}.pcap`
    const maxBytes = this.#budget.hold(share, name)
    if (typeof maxBytes === 'string') return maxBytes
    if (!this.#made.has(share)) {
      try {
        mkdirSync(join(this.#folder, share), { recursive: true, mode: 0o700 })
      } catch {
        this.#budget.settle(name, 0)
        return 'not_possible' // the disk is full or not ours: the call goes on without
      }
      this.#made.add(share)
    }
    return { name, target: { file: join(this.#folder, name), maxBytes } }
  }

  /** A capture is whole: from now on it counts as what it really takes. Never rejects. */
  async settle(name: string): Promise<void> {
    this.#budget.settle(name, await sizeOf(join(this.#folder, name)))
  }

  /** Counts no more what somebody has forgotten meanwhile, day by day. */
  async recount(): Promise<void> {
    if (!this.#measured) return
    const days = new Set(await this.#days())
    this.#budget.keepDays(days)
    for (const share of this.#made) if (!days.has(share.slice(0, 10))) this.#made.delete(share)
  }

  /** A capture by its name; empty where there is none (any more). */
  async read(name: string): Promise<Buffer> {
    if (!FILE.test(name)) return Buffer.alloc(0)
    try {
      const file = await open(join(this.#folder, name))
      try {
        return await file.readFile()
      } finally {
        await file.close()
      }
    } catch (error) {
      if (isMissing(error)) return Buffer.alloc(0)
      throw error
    }
  }

  /** Forgets the days before this one. */
  async forgetBefore(day: string): Promise<void> {
    for (const each of await this.#days())
      if (each < day) await rm(join(this.#folder, each), { recursive: true, force: true })
  }

  async #days(): Promise<string[]> {
    const all = await readdir(this.#folder).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw error
    })
    return all.filter((each) => DAY.test(each))
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0, // it never came to be
  )
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
