import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { REFUSAL_VERDICTS } from './refusal-table.ts'
import { VERDICTS, WARNINGS } from './verdict-table.ts'

const guide = readFileSync(new URL('../../docs/guides/why-did-my-call-fail.md', import.meta.url), 'utf8')

/** The rows of the table behind this mark: reason, blame where there is one, meaning and fix. */
function table(mark: string): string[][] {
  const [, behind = ''] = guide.split(`<!-- ${mark} -->`)
  const rows = (behind.split(/\n## |\n<!-- /)[0] ?? '').split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((line) => line.slice(2, -2).split(' | '))
}

for (const [mark, known] of [
  ['verdicts', VERDICTS],
  ['warnings', WARNINGS],
  ['refusals', REFUSAL_VERDICTS],
] as const)
  test(`the guide has every one of the ${mark}, in the words of the API`, () => {
    const rows = Object.entries(known).map(
      ([reason, { blame, meaning, fix }]: [string, { blame?: string; meaning: string; fix: string }]) => [
        `\`${reason}\``,
        ...(blame ? [blame] : []),
        `${meaning} ${fix}`.trim(),
      ],
    )
    assert.deepEqual(table(mark), rows)
  })
