import { type MessagePort, workerData } from 'node:worker_threads'
import { defineErrors, type Reason } from '#platform/errors'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { threadBus } from '../index.ts'

/** The other thread of `thread-bus.test.ts`: it answers, echoes pokes, and asks the main thread. */
export const teaErrors = defineErrors('tea-manager', {
  TEA_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'There is no such tea.',
    fix: 'List the teas.',
    message: (facts: { tea_id: string }) => `There is no tea ${facts.tea_id}.`,
  },
})
export const teaReasons: ReadonlyMap<string, Reason> = new Map([
  ['tea-manager/TEA_NOT_FOUND', teaErrors.TEA_NOT_FOUND as unknown as Reason],
])

if (workerData !== null) serve((workerData as { port: MessagePort }).port)

function serve(port: MessagePort): void {
  const bus = threadBus(port, { clock: systemClock, log: silentLog, reasons: teaReasons })
  bus.respond('tea.double', (body) => (body as { count: number }).count * 2)
  bus.respond('tea.find', (body) => {
    throw teaErrors.TEA_NOT_FOUND(body as { tea_id: string })
  })
  bus.respond('tea.break', () => {
    throw new Error('the kettle exploded at /secret/path')
  })
  bus.respond('tea.never', (_, { signal }) => {
    signal.addEventListener('abort', () => bus.publish('tea.aborted', {}))
    return new Promise(() => {})
  })
  bus.respond('tea.ask_back', (body) => bus.request('main.upper', body, { deadlineMs: 1_000 }))
  bus.respond('tea.block', (body) => {
    const endMs = systemClock.monotonicMs() + (body as { ms: number }).ms
    while (systemClock.monotonicMs() < endMs) {}
  })
  bus.subscribe('tea.poke', (body) => bus.publish('tea.poked', body))
  bus.publish('tea.ready', {})
}
