import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { forClients } from './reference.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test reaches into the document
type Document = any

const { document }: { document: Document } = forClients()
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
ajv.addSchema({ $id: 'document', components: document.components })

/** Every operation, as `METHOD /path`. */
const operations: [string, Document][] = Object.entries<Document>(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, each]): [string, Document] => [`${method.toUpperCase()} ${path}`, each]),
)

const compiled = new Map<Document, ReturnType<typeof ajv.compile>>()

function faultsOf(schema: Document, value: unknown): string {
  const validate = compiled.get(schema) ?? compile(schema)
  compiled.set(schema, validate)
  return validate(value) ? '' : ajv.errorsText(validate.errors)
}

function compile(schema: Document) {
  const whole = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/'))
  return ajv.compile(whole)
}

test('every operation shows a request and an answer that its own schemas take', () => {
  assert.ok(operations.length > 100)
  for (const [name, { requestBody, responses }] of operations) {
    const success = Object.entries<Document>(responses).find(([code]) => /^[123]\d\d$/.test(code))
    assert.ok(success, name)
    const contents = [
      ...Object.values<Document>(requestBody?.content ?? {}),
      ...Object.values<Document>(success[1].content ?? {}),
    ]
    assert.ok(contents.length > 0 || success[0] === '101', name)
    for (const { schema, example } of contents) {
      assert.notEqual(example, undefined, name)
      assert.equal(faultsOf(schema, example), '', `${name}: ${JSON.stringify(example)}`)
    }
  }
})

test('every reason of every operation has an example, which is an envelope of that reason and status', () => {
  const seen = new Set<string>()
  for (const [name, { responses, 'x-reasons': all }] of operations) {
    const shown: string[] = []
    for (const [code, { content }] of Object.entries<Document>(responses))
      for (const [key, { $ref }] of Object.entries<Document>(content?.['application/json']?.examples ?? {})) {
        const { value } = document.components.examples[$ref.split('/').at(-1)]
        assert.equal(faultsOf(document.components.schemas.Error, value), '', `${name} ${key}`)
        assert.equal(key, $ref.split('/').at(-1))
        assert.equal(key.split('.').at(-1), value.error.reason)
        assert.doesNotMatch(JSON.stringify(value), /undefined|\[object/, key)
        assert.match(code, /^[45]\d\d$/)
        shown.push(key.replace('.', '/'))
        seen.add(key)
      }
    assert.deepEqual(shown.sort(), [...all].sort(), name)
  }
  assert.ok(seen.size > 50)
})

test('details of an example have the shape that the catalogue promises for its reason', () => {
  const { reasons } = forClients() as { reasons: readonly Document[] }
  let checked = 0
  for (const { domain, reason, details_schema } of reasons) {
    const example = document.components.examples[domain === 'api-manager' ? reason : `${domain}.${reason}`]
    if (!example || !details_schema) continue
    checked++
    for (const detail of example.value.error.details) assert.equal(faultsOf(details_schema, detail), '', reason)
  }
  assert.ok(checked > 15)
})
