import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sequentialIds } from '#platform/ids'
import { checkActions } from './check-actions.ts'

const folder = fileURLToPath(new URL('../../docs/guides/', import.meta.url))
const examples = globSync('*.md', { cwd: folder }).flatMap((file) =>
  [...readFileSync(join(folder, file), 'utf8').matchAll(/^```json\n(.*?)^```/gms)]
    .map(([, text = ''], at) => ({ name: `${file}, example ${at + 1}`, written: JSON.parse(text) }))
    .filter(({ written }) => Array.isArray(written.actions)),
)

test('the guides have flows', () => assert.ok(examples.length > 0))

for (const { name, written } of examples)
  test(`the flow of ${name} can be saved as it stands`, () => {
    const { faults } = checkActions(written.actions, ['actions'], sequentialIds())
    assert.deepEqual(faults, [])
  })
