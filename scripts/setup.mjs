// Makes a fresh clone ready to run, once: dependencies from the lock file. Plain JavaScript for Node 20 or newer, because
// it runs before anything is installed. The second time it finds its mark and does nothing, also without a network.
//
//   node scripts/setup.mjs          what the platform needs to run
//   node scripts/setup.mjs --dev    and what its tests need
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const mark = join(root, 'node_modules', '.strowger-setup')
const wanted = process.argv.includes('--dev') ? 'dev' : 'run'

const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
const done = existsSync(mark) ? readFileSync(mark, 'utf8').trim().split(' ') : []
const isDone = done[0] === lock && (done[1] === 'dev' || done[1] === wanted)

if (!isDone) {
  console.error(`Setting up: installing the dependencies${wanted === 'dev' ? ' and the test tools' : ''} …`)
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...(wanted === 'dev' ? [] : ['--omit=dev'])]
  const viaNpm = process.env.npm_execpath
  const [command, ...words] = viaNpm?.endsWith('.js') ? [process.execPath, viaNpm, ...args] : ['npm', ...args]
  const env = { ...process.env, NODE_ENV: '' }
  const { status, error } = spawnSync(command, words, { cwd: root, stdio: ['ignore', 2, 2], env })
  if (status !== 0) {
    console.error(
      `The dependencies could not be installed (${error?.message ?? `npm ended with ${status}`}). ` +
        'Check that the npm registry is reachable, then run the same command again.',
    )
    process.exit(1)
  }
  writeFileSync(mark, `${lock} ${wanted}\n`)
}
