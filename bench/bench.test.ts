import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const main = fileURLToPath(new URL('main.ts', import.meta.url))

test('the bench prints one JSON object and nothing else, with the promised shape', async () => {
  const { stdout } = await run(process.execPath, [main, '--only', 'flow.step_us'], { timeout: 30_000 })
  const report = JSON.parse(stdout)
  assert.deepEqual(Object.keys(report), ['machine', 'node', 'date', 'setup', 'results'])
  assert.equal(report.node, process.version)
  assert.match(report.date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  assert.equal(report.results.length, 1)
  const [{ name, value, unit, baseline, ratio }] = report.results
  assert.equal(name, 'flow.step_us')
  assert.equal(unit, 'µs')
  assert.ok(value > 0)
  assert.ok(baseline.name.length > 0 && baseline.value > 0)
  assert.ok(Math.abs(ratio - value / baseline.value) < 0.05 * ratio, 'the ratio is that of value and baseline')
})

test('a row that does not exist is refused with the names of those that do', async () => {
  await assert.rejects(run(process.execPath, [main, '--only', 'call.setup'], { timeout: 30_000 }), (error: Error) => {
    assert.match(error.message, /no such row: call\.setup/)
    assert.match(error.message, /call\.setup_ms/)
    return true
  })
})
