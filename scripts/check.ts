/**
 * `npm run check`: everything that must hold before a change lands, in the order in which it fails fastest: format and
 * lint, types, import rules, generated files, then every test. Words after the command narrow the tests to the files whose
 * path contains one of them. The last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { stopTestCluster } from '#testkit'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name: string) => join(root, 'node_modules', '.bin', name)
const words = process.argv.slice(2)

const steps: [name: string, command: string, args: string[]][] = [
  ['format and lint', bin('biome'), ['ci', '--error-on-warnings', '.']],
  ['types', bin('tsc'), ['-p', '.']],
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

await runTests(chosen('{platform,telecom,managers,apps,testkit}/**/*.test.ts'), 2)
// these time real programs, each of which may have the machine to itself
await runTests(chosen('{conformance,bench}/**/*.test.ts'), 1)
await stopTestCluster()
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)

async function runTests(files: string[], concurrency: number): Promise<void> {
  if (files.length === 0) return
  const tests = run({ files, concurrency, execArgv: ['--disable-warning=ExperimentalWarning'] })
  tests.on('test:pass', (test) => {
    if (test.details.type === 'suite') return
    if (test.skip !== undefined) skipped++
    else passed++
  })
  tests.on('test:fail', (test) => {
    if (test.details.type !== 'suite') failed++
  })
  await new Promise<void>((resolve, reject) => {
    const report = tests.compose(spec)
    report.on('end', resolve)
    report.on('error', reject)
    report.pipe(process.stdout, { end: false })
  })
}
