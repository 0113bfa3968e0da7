import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '#testkit'
import { watchEventLoop } from './event-loop.ts'
import { Metrics, metricsText } from './metrics.ts'

test('what is counted is what a scrape shows', async () => {
  const metrics = new Metrics()
  const dropped = metrics.counter('packets_dropped_total', 'Packets dropped.', ['why'])
  dropped.inc({ why: 'late' })
  dropped.inc({ why: 'late' }, 2)
  assert.match(await metrics.text(), /^strowger_packets_dropped_total\{why="late"\} 3$/m)
})

test('a gauge with a reader shows the value of the moment of the scrape', async () => {
  const metrics = new Metrics()
  let calls = 1
  metrics.gauge('calls', 'Live calls.', [], (gauge) => gauge.set(calls))
  calls = 7
  assert.match(await metrics.text(), /^strowger_calls 7$/m)
})

test('the figures of two threads are added up', async () => {
  const [one, two] = [new Metrics(), new Metrics()]
  for (const metrics of [one, two]) metrics.counter('ticks_total', 'Ticks.').inc()
  one.histogram('wait_seconds', 'Waiting.').observe(0.002)
  const wire = structuredClone([await one.snapshot(), await two.snapshot()])
  const text = await metricsText(wire)
  assert.match(text, /^strowger_ticks_total 2$/m)
  assert.match(text, /^strowger_wait_seconds_count 1$/m)
})

test('an event loop that was held up shows by how much', async (t) => {
  const metrics = new Metrics()
  t.after(watchEventLoop(metrics, 'api'))
  const lag = async () => {
    const worst = /event_loop_lag_seconds\{role="api",quantile="1"\} ([\d.e-]+)/.exec(await metrics.text())
    return Number(worst?.[1] ?? Number.NaN)
  }
  await eventually('the delay is seen', async () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
    const seconds = await lag()
    return seconds > 0.2 && seconds < 5
  })
})
