// Prints the path of a Node.js that runs the platform: the running one when it is 24.7 or newer, else the one that came
// with the dependencies, else it says what is missing. Plain JavaScript for Node 20 or newer.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The Node.js binary to run the platform with; undefined where none is to be had. */
export function nodeBinary() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 24 || (major === 24 && minor >= 7)) return process.execPath
  const shipped = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  return existsSync(shipped) ? shipped : undefined
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const binary = nodeBinary()
  if (!binary) {
    console.error(
      `Strowger needs Node.js 24.7 or newer. This is ${process.versions.node}, and no Node.js for ` +
        `${process.platform} on ${process.arch} comes with the dependencies: install Node.js 24 and try again.`,
    )
    process.exit(1)
  }
  console.log(binary)
}
