/**
 * `npm run check`: everything that must hold before a change lands, in the order in which it fails fastest: format and
 * lint, types, import rules, generated files, then every test. Words after the command narrow the tests to the files whose
 * path contains one of them. Files with a failure run once more. The last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { stopTestCluster } from '#testkit'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name: string) => join(root, 'node_modules', '.bin', name)
const words = process.argv.slice(2)
/** Where more files than this failed, the machine was not the reason. */
const MOST_TRIED_AGAIN = 8

const steps: [name: string, command: string, args: string[]][] = [
  ['format and lint', bin('biome'), ['ci', '--error-on-warnings', '.']],
  ['types', bin('tsc'), ['-p', '.']],
  ['types of the SDK in a browser', bin('tsc'), ['-p', 'sdk']],
  ['import rules', process.execPath, ['scripts/check-imports.ts']],
  ['generated files', process.execPath, ['scripts/generate.ts', '--check']],
]

let passed = 0
let failed = 0
let skipped = 0

for (const [name, command, args] of words.length > 0 ? [] : steps) {
  console.log(`▶ ${name}`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status === 0) passed++
  else {
    failed++
    console.log(`✖ ${name} (exit ${status})`)
  }
}

const chosen = (pattern: string) =>
  globSync(pattern, { cwd: root })
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort()
    .map((file) => join(root, file))

const counts = new Map<string, Counts>()
await runTests(chosen('{platform,telecom,managers,apps,sdk,testkit}/**/*.test.ts'), 2)
// these time real programs, each of which may have the machine to itself
await runTests(chosen('{conformance,bench}/**/*.test.ts'), 1)
await runAgain()
await stopTestCluster()
for (const each of counts.values()) {
  passed += each.passed
  failed += each.failed
  skipped += each.skipped
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)

/**
 * Real phones and timers share the machine with whatever else runs on it: a file that failed may try once more, with the
 * machine to itself. What passes then is named, so that it can be looked at; what fails again has failed.
 */
async function runAgain(): Promise<void> {
  const files = [...counts].filter(([, { failed }]) => failed > 0).map(([file]) => file)
  if (files.length === 0 || files.length > MOST_TRIED_AGAIN) return
  console.log(`▶ once more, one after the other: ${files.map((file) => relative(root, file)).join(', ')}`)
  for (const file of files) counts.delete(file)
  await runTests(files, 1)
  for (const file of files)
    if (counts.get(file)?.failed === 0) console.log(`⚠ unstable: ${relative(root, file)} failed once and then passed`)
}

async function runTests(files: string[], concurrency: number): Promise<void> {
  if (files.length === 0) return
  const tests = run({ files, concurrency, execArgv: ['--disable-warning=ExperimentalWarning'] })
  const of = (file: string | undefined) => {
    const key = file ?? ''
    const known = counts.get(key) ?? { passed: 0, failed: 0, skipped: 0 }
    counts.set(key, known)
    return known
  }
  tests.on('test:pass', (test) => {
    if (test.details.type === 'suite') return
    if (test.skip !== undefined) of(test.file).skipped++
    else of(test.file).passed++
  })
  tests.on('test:fail', (test) => {
    if (test.details.type !== 'suite') of(test.file).failed++
  })
  await new Promise<void>((resolve, reject) => {
    const report = tests.compose(spec)
    report.on('end', resolve)
    report.on('error', reject)
    report.pipe(process.stdout, { end: false })
  })
}

interface Counts {
  passed: number
  failed: number
  skipped: number
}
