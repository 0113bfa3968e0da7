import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs a program to its end and gives what it wrote; fails with that where the program fails. */
export function runProgram(command: string, args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { ...options, encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${error ?? ''}${stdout}${stderr}`)
  return stdout
}

/** A project elsewhere that has installed the package as it would be published. Gone with the tests of the file. */
export function projectWithSdk(): { folder: string; packed: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'strowger-sdk-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const packing = runProgram('npm', ['pack', '--json', '--pack-destination', folder], { cwd: join(root, 'sdk') })
  const [{ filename, files }] = JSON.parse(packing.slice(packing.indexOf('[\n')))
  mkdirSync(join(folder, 'node_modules/@strowger'), { recursive: true })
  runProgram('tar', ['-xzf', filename], { cwd: folder })
  renameSync(join(folder, 'package'), join(folder, 'node_modules/@strowger/sdk'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'))
  symlinkSync(join(root, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'))
  return { folder, packed: files.map(({ path }: { path: string }) => path) }
}

/** Checks (and with `outDir` writes) TypeScript of such a project, as strictly as it goes. */
export function compile(folder: string, files: string[], args: string[]): void {
  const tsc = join(root, 'node_modules/.bin/tsc')
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--target', 'es2022']
  runProgram(tsc, [...strict, '--pretty', 'false', ...args, ...files], { cwd: folder })
}
