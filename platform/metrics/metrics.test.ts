import assert from 'node:assert/strict'
import { test } from 'node:test'
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
