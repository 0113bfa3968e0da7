// `npm test`: does the set-up that is missing (dependencies, test peers), then runs `npm run check`. The second time it
// finds everything in place and needs no network.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeBinary } from './runtime.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status ?? 1

const setup = run(process.execPath, [join(root, 'scripts', 'setup.mjs'), '--dev'])
if (setup !== 0) process.exit(setup)
run('sh', [join(root, 'scripts', 'install-test-peers.sh')])
const node = nodeBinary()
if (!node) process.exit(run(process.execPath, [join(root, 'scripts', 'runtime.mjs')]))
process.exit(run(node, [join(root, 'scripts', 'check.ts'), ...process.argv.slice(2)]))
