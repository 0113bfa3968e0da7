import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { silentLog } from '#platform/log'
import { ManualClock, systemClock } from '#platform/time'
import { eventually } from '#testkit'
import { BusError, DeadlineExceeded, NoResponder, type ThreadBus, threadHub } from './index.ts'
import { teaErrors, teaReasons } from './testing/worker.ts'

function hubHere(options: Partial<Parameters<typeof threadHub>[0]> = {}): ThreadBus {
  return threadHub({ clock: systemClock, log: silentLog, reasons: teaReasons, ...options })
}

/** A hub here and a real worker thread that has said that it is ready. */
async function withWorker(t: TestContext, options: Partial<Parameters<typeof threadHub>[0]> = {}) {
  const bus = hubHere(options)
  const port = bus.connect()
  const ready = new Promise((resolve) => bus.subscribe('tea.ready', resolve))
  const worker = new Worker(new URL('./testing/worker.ts', import.meta.url), {
    workerData: { port },
    transferList: [port],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  t.after(async () => {
    bus.close()
    await worker.terminate()
  })
  await ready
  return { bus, worker }
}

test('a request reaches the responder on another thread and its answer comes back', async (t) => {
  const { bus } = await withWorker(t)
  assert.equal(await bus.request('tea.double', { count: 21 }, { deadlineMs: 5_000 }), 42)
})

test('a reason that is thrown on another thread comes back as the same reason with its facts', async (t) => {
  const { bus } = await withWorker(t)
  await assert.rejects(bus.request('tea.find', { tea_id: 'earl' }, { deadlineMs: 5_000 }), (error) => {
    assert.ok(teaErrors.TEA_NOT_FOUND.is(error))
    assert.equal(error.http, 404)
    assert.equal(error.message, 'There is no tea earl.')
    assert.deepEqual(error.details, [{ tea_id: 'earl' }])
    return true
  })
})

test('an unforeseen failure crosses threads as a typed failure that tells nothing of the inside', async (t) => {
  const { bus } = await withWorker(t)
  await assert.rejects(bus.request('tea.break', {}, { deadlineMs: 5_000 }), (error) => {
    assert.ok(error instanceof BusError)
    assert.equal(error.why, 'failed')
    assert.doesNotMatch(JSON.stringify([error.message, error.cause]), /kettle|secret/)
    return true
  })
})

test('a responder that never answers is given up at the deadline and told so', async (t) => {
  const { bus } = await withWorker(t)
  const told = new Promise((resolve) => bus.subscribe('tea.aborted', resolve))
  await assert.rejects(bus.request('tea.never', {}, { deadlineMs: 50 }), DeadlineExceeded)
  await told
  assert.equal(bus.pending, 0)
})

test('an asker that goes away takes its request back', async (t) => {
  const { bus } = await withWorker(t)
  const told = new Promise((resolve) => bus.subscribe('tea.aborted', resolve))
  const asker = new AbortController()
  const asked = bus.request('tea.never', {}, { deadlineMs: 60_000, signal: asker.signal })
  setImmediate(() => asker.abort())
  await assert.rejects(asked, (error) => error instanceof BusError && error.why === 'aborted')
  await told
})

test('a worker asks the main thread just as the main thread asks a worker', async (t) => {
  const { bus } = await withWorker(t)
  bus.respond('main.upper', (body) => (body as { text: string }).text.toUpperCase())
  assert.equal(await bus.request('tea.ask_back', { text: 'tea' }, { deadlineMs: 5_000 }), 'TEA')
})

test('a poke reaches the subscribers of every thread as a copy', async (t) => {
  const { bus } = await withWorker(t)
  const body = { customers: ['a'] }
  const heard: unknown[] = []
  bus.subscribe('tea.poke', (poke) => heard.push(poke))
  const back = new Promise((resolve) => bus.subscribe('tea.poked', resolve))
  bus.publish('tea.poke', body)
  body.customers.push('b')
  assert.deepEqual(await back, { customers: ['a'] })
  assert.deepEqual(heard, [{ customers: ['a'] }])
})

test('a request that nobody answers says so at once', async () => {
  await assert.rejects(hubHere().request('tea.unknown', {}, { deadlineMs: 60_000 }), NoResponder)
})

test('a subject is free again when its responder leaves', async () => {
  const bus = hubHere()
  const responder = bus.respond('tea.here', () => 'yes')
  assert.equal(await bus.request('tea.here', {}, { deadlineMs: 1_000 }), 'yes')
  responder.unsubscribe()
  await assert.rejects(bus.request('tea.here', {}, { deadlineMs: 1_000 }), NoResponder)
})

test('a deadline passes on the clock that was handed in', async () => {
  const clock = new ManualClock()
  const bus = hubHere({ clock })
  bus.respond('tea.slow', () => new Promise(() => {}))
  const asked = bus.request('tea.slow', {}, { deadlineMs: 30_000 })
  const refused = assert.rejects(asked, DeadlineExceeded)
  clock.advance(30_000)
  await refused
  assert.equal(clock.pending, 0)
})

test('more requests than may wait are refused, not queued', async () => {
  const bus = hubHere({ maxPending: 2 })
  bus.respond('tea.slow', () => new Promise(() => {}))
  const askers = new AbortController()
  const ask = () => bus.request('tea.slow', {}, { deadlineMs: 60_000, signal: askers.signal })
  const waiting = [ask(), ask()].map((asked) => assert.rejects(asked))
  await assert.rejects(ask(), (error) => error instanceof BusError && error.why === 'overloaded')
  askers.abort()
  await Promise.all(waiting)
})

test('pokes to a thread that hangs are dropped above the bound, and it is served again afterwards', async (t) => {
  const { bus } = await withWorker(t, { maxOutstanding: 100 })
  const blocked = bus.request('tea.block', { ms: 150 }, { deadlineMs: 10_000 })
  for (let count = 0; count < 1_000; count++) bus.publish('tea.poke', { count })
  assert.ok(bus.dropped >= 900, `${bus.dropped} dropped`)
  await assert.rejects(bus.request('tea.double', { count: 1 }, { deadlineMs: 1_000 }), BusError)
  await blocked
  const again = () => bus.request('tea.double', { count: 1 }, { deadlineMs: 5_000 }).catch(() => undefined)
  assert.equal(await eventually('the thread is served again', again), 2)
})

test('a thread that dies leaves nobody waiting', async (t) => {
  const { bus, worker } = await withWorker(t)
  const asked = bus.request('tea.never', {}, { deadlineMs: 60_000 })
  const refused = assert.rejects(asked, (error) => error instanceof BusError && error.why === 'closed')
  await worker.terminate()
  await refused
  await assert.rejects(bus.request('tea.double', { count: 1 }, { deadlineMs: 1_000 }), NoResponder)
})
