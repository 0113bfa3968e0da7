// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { escapePlaceholders, hasPlaceholder, SubstitutionTooLarge, substitute } from './substitute.ts'

const variables: Record<string, string> = {
  a: '1',
  'voipbin.call.id': 'abc',
  nested: '${a}',
  ' a ': 'blank',
  '': 'never',
}
const lookup = (name: string) => (name !== '' && Object.hasOwn(variables, name) ? variables[name] : undefined)
const replaced = (value: unknown) => substitute(value, lookup).value

const cases: [string, unknown, unknown][] = [
  ['a known name is replaced', 'x${a}y', 'x1y'],
  ['dots are just characters', '${voipbin.call.id}', 'abc'],
  ['an unknown name becomes empty', '[${b}]', '[]'],
  ['the empty name becomes empty', '[${}]', '[]'],
  ['blanks belong to the name', '${ a }', 'blank'],
  ['letter case matters', '${A}', ''],
  ['what is put in is not looked at again', '${nested}', '${a}'],
  ['there is no nesting: the name ends at the first brace', '${a${a}}', '}'],
  ['a name does not go over a line', '${a\n}', '${a\n}'],
  ['$${…} stands for the text itself', '$${a} ${a}', '${a} 1'],
  ['an open placeholder is text', '${a', '${a'],
  ['values of objects are replaced, their keys are not', { '${a}': '${a}' }, { '${a}': '1' }],
  ['numbers and booleans in arrays stay what they are', { w: [1, true, '${a}', null] }, { w: [1, true, '1', null] }],
  ['a member named __proto__ stays a member', JSON.parse('{"__proto__":"${a}"}'), JSON.parse('{"__proto__":"1"}')],
]
for (const [promise, value, expected] of cases) test(promise, () => assert.deepEqual(replaced(value), expected))

test('names that no variable has are told once each', () => {
  assert.deepEqual(substitute('${b}${c}${b}${a}', lookup).unresolved, ['b', 'c'])
})

test('text without placeholders comes out as it went in, whatever it is', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      fc.pre(!json.includes('${'))
      assert.deepEqual(replaced(JSON.parse(json)), JSON.parse(json))
    }),
  )
})

test('one pass: a value with placeholders comes out as it is, whatever it says', () => {
  fc.assert(
    fc.property(fc.string(), (inserted) => {
      assert.equal(substitute('<${v}>', () => inserted).value, `<${inserted}>`)
    }),
  )
})

test('placeholders cannot grow an option beyond a mebibyte', () => {
  const large = 'x'.repeat(32 * 1024)
  assert.throws(() => substitute('${v}'.repeat(40), () => large), SubstitutionTooLarge)
})

test('ten thousand placeholders are replaced in one action, and no more', () => {
  assert.equal(substitute(['${a}'.repeat(5_000), '${b}'.repeat(5_000)], lookup).value[0], '1'.repeat(5_000))
  assert.throws(() => substitute(['${a}'.repeat(5_000), '${}'.repeat(5_001)], lookup), SubstitutionTooLarge)
})

test('an escaped placeholder is none', () => {
  assert.equal(hasPlaceholder('$${a}'), false)
  assert.equal(hasPlaceholder('$${a}${b}'), true)
})

test('an escaped text comes out of the replacing as it went in, and has no placeholder', () => {
  const text = fc.array(fc.constantFrom('$', '{', '}', '\n', 'a', '${a}', '$${a}')).map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, (written) => {
      const escaped = escapePlaceholders({ deep: [written] })
      assert.deepEqual(replaced(escaped), { deep: [written] })
      assert.equal(hasPlaceholder(escaped.deep[0] ?? ''), false)
    }),
  )
})

test('placeholders are what they are written as, however braces, dollars and lines stand around them', () => {
  const text = fc.array(fc.constantFrom('$', '{', '}', '\n', 'a', '${a}', '$${a}', '${')).map((parts) => parts.join(''))
  const grammar = /\$(\$?)\{([^}\n]*)\}/g
  fc.assert(
    fc.property(text, (written) => {
      const expected = written.replace(grammar, (whole, dollar: string, name: string) =>
        dollar ? whole.slice(1) : `<${name}>`,
      )
      assert.equal(substitute(written, (name) => `<${name}>`).value, expected)
      assert.equal(
        hasPlaceholder(written),
        [...written.matchAll(grammar)].some(([, dollar]) => !dollar),
      )
    }),
    { numRuns: 1_000 },
  )
})

/** Runs it, and ends it when it will not end by itself: a minute is hundreds of times what is needed. */
const endingByItself = (work: () => void) => runInNewContext('work()', { work }, { timeout: 60_000 })

test('a text of nothing but open placeholders is read once: it cannot keep everybody else waiting', () => {
  for (const piece of ['${', '$${', '${a', '${\n', '${a${\n']) {
    const hostile = piece.repeat((4 * 1024 * 1024) / piece.length)
    endingByItself(() => {
      assert.equal(substitute(hostile, lookup).value, hostile)
      assert.equal(escapePlaceholders(hostile), hostile)
      assert.equal(hasPlaceholder(hostile), false)
    })
  }
})
