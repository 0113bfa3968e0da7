/** Calls a number: so many calls at once as fast as they end, or so many each second, or so many that stay on the line. */
import { systemClock } from '#platform/time'
import { Samples } from '../samples.ts'
import { options, say, told } from './report.ts'
import { Uac, type UacCall } from './uac.ts'

export type CallLoad = { port: number; service: string } & (
  | { kind: 'at once'; calls: number; warmUpMs: number; measureMs: number }
  | { kind: 'per second'; calls: number; warmUpMs: number; measureMs: number }
  /** Says `HeldCalls` when all are answered, and hangs up when it is told. */
  | { kind: 'hold'; calls: number }
)

export interface CallFigures {
  completed: number
  /** Calls altogether, warm-up and the end included. */
  served: number
  perSecond: number
  setupMs: number
  setupP99Ms: number
  /** Refusals by status, and `lost`. */
  failed: Record<string, number>
}

/** Where the local sound goes: nowhere, it is not listened to. */
const NO_SOUND = 9
const RETRY_MS = 50

const load = options<CallLoad>()
const uac = await Uac.open(load.port)
const setup = new Samples()
const failed: Record<string, number> = {}
let completed = 0
let served = 0

if (load.kind === 'hold') await hold(load.calls)
else await run(load)

function count(outcome: 'completed' | 'lost' | number, isMeasured: boolean): void {
  if (outcome === 'completed') served++
  if (!isMeasured) return
  if (outcome === 'completed') completed++
  else failed[outcome] = (failed[outcome] ?? 0) + 1
}

async function run({ kind, calls, warmUpMs, measureMs }: Exclude<CallLoad, { kind: 'hold' }>): Promise<void> {
  const fromMs = performance.now() + warmUpMs
  const endMs = fromMs + measureMs
  let open = 0
  let lastMs = fromMs
  const place = (onOver: (outcome: 'completed' | 'lost' | number) => void) => {
    open++
    const isMeasured = () => performance.now() >= fromMs
    uac.call(load.service, NO_SOUND, {
      answered: (_, setupMs) => isMeasured() && setup.add(setupMs),
      over: (outcome) => {
        open--
        if (isMeasured()) lastMs = performance.now()
        count(outcome, isMeasured())
        onOver(outcome)
      },
    })
  }
  if (kind === 'at once') {
    const again = (outcome: unknown) => {
      if (performance.now() >= endMs) return
      if (outcome === 'completed') place(again)
      else systemClock.after(RETRY_MS, () => performance.now() < endMs && place(again))
    }
    for (let call = 0; call < calls; call++) place(again)
    await until(() => performance.now() >= endMs)
    // the figure ends with the window; what is still open ends by itself
    const seconds = measureMs / 1_000
    const figures = result(completed / seconds)
    await until(() => open === 0)
    say({ ...figures, served })
  } else {
    const startMs = performance.now()
    let placed = 0
    const tick = () => {
      const due = Math.floor(((performance.now() - startMs) * calls) / 1_000)
      for (; placed <= due && performance.now() < endMs; placed++) place(() => {})
      const nextMs = startMs + (placed * 1_000) / calls
      if (nextMs < endMs) systemClock.after(nextMs - performance.now(), tick)
    }
    tick()
    await until(() => performance.now() >= endMs && open === 0)
    say(result(completed / (Math.max(lastMs - fromMs, 1) / 1_000)))
  }
}

function result(perSecond: number): CallFigures {
  return {
    completed,
    served,
    perSecond,
    setupMs: setup.median,
    setupP99Ms: setup.percentile(0.99),
    failed: { ...failed },
  }
}

/** What `hold` says: first when the calls are up, then when they are over. */
export interface HeldCalls {
  answered: number
  failed: Record<string, number>
}

async function hold(calls: number): Promise<void> {
  const held: UacCall[] = []
  let over = 0
  for (let placed = 0; placed < calls; placed++) {
    uac.call(load.service, NO_SOUND, {
      answered: (call) => held.push(call),
      over: (outcome) => {
        over++
        count(outcome, true)
      },
    })
    await new Promise<void>((resolve) => systemClock.after(5, resolve))
  }
  await until(() => held.length + over >= calls)
  say({ answered: held.length, failed } satisfies HeldCalls)
  await told()
  for (const call of held) {
    uac.hangUp(call)
    await new Promise<void>((resolve) => systemClock.after(2, resolve))
  }
  await until(() => over >= calls)
  say({ answered: held.length, failed } satisfies HeldCalls)
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => systemClock.after(10, resolve))
}
