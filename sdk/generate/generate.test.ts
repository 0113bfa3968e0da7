import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation, Schema } from './document.ts'
import { sdkFiles } from './index.ts'
import { typeText } from './type-text.ts'

const json = (schema: Schema) => ({ content: { 'application/json': { schema } } })

function operation(more: Partial<Operation>): Operation {
  return { summary: 'Do it', security: [{}], responses: { 200: json({ type: 'string' }) }, 'x-reasons': [], ...more }
}

/** The generated group of a document with these paths. */
function group(file: string, paths: Record<string, Record<string, Operation>>): string {
  const document = { paths, components: { schemas: {} } }
  return sdkFiles(document, [], '"version": "0.0.0"', '1.2.3').get(`sdk/src/generated/${file}-group.ts`) ?? ''
}

test('a schema is the type of what it lets pass', () => {
  const types: [Schema, string][] = [
    [{ type: 'string', enum: ['a', "b'c"] }, `'a' | "b'c"`],
    [{ type: ['string', 'null'], format: 'date-time' }, 'string | null'],
    [{ type: ['string', 'null'], enum: ['a', null] }, "'a' | null"],
    [{ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } }, '(string | number)[]'],
    [{ type: 'array', items: { $ref: '#/components/schemas/Call' } }, 'Call[]'],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] }, '[string, number]'],
    [{ type: 'object', additionalProperties: { type: 'boolean' } }, 'Record<string, boolean>'],
    [{ type: 'object', properties: {} }, 'Record<string, unknown>'],
    [{ allOf: [{ $ref: '#/components/schemas/A' }, { $ref: '#/components/schemas/B' }] }, 'A & B'],
    [{ type: 'string', format: 'binary' }, 'Blob'],
    [{}, 'unknown'],
    [
      {
        type: 'object',
        required: ['a'],
        properties: { a: { type: 'string' }, 'b-c': { type: 'null', description: 'why' } },
      },
      '{\n  a: string\n  /** why */\n  "b-c"?: null\n}',
    ],
  ]
  for (const [schema, type] of types) assert.equal(typeText(schema, new Set()), type)
})

test('a description cannot end its comment', () => {
  const properties = { a: { type: 'string', description: 'x */ evil()' } }
  assert.doesNotMatch(typeText({ type: 'object', properties }, new Set()), /\*\/ evil/)
})

test('credentials are no parameters, unless the endpoint is about them', () => {
  const parameters = [{ name: 'accesskey', in: 'query' as const, schema: { type: 'string' } }]
  const private_ = group('auth', { '/auth/unregister': { post: operation({ parameters }) } })
  assert.doesNotMatch(private_, /accesskey/)
  const token = [{ name: 'token', in: 'query' as const, required: true, schema: { type: 'string' } }]
  const open = group('auth', { '/auth/password-reset': { get: operation({ parameters: token, security: [] }) } })
  assert.match(open, /token: string/)
  assert.match(open, /isPublic: true/)
})

test('sockets and pages for people are no operations; a redirect to a file and a file are responses', () => {
  const file = { content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } } }
  const source = group('files', {
    '/v1.0/files/{id}': { get: operation({ responses: { 200: file } }) },
    '/v1.0/files/{id}/file': { get: operation({ responses: { 307: json({ type: 'string' }) } }) },
  })
  assert.match(source, /get: .*\n +api\.open\('GET', `\/v1\.0\/files\/\$\{segment\(id\)\}`/)
  assert.match(source, /getFile: .*\n +api\.open\(/)
  assert.equal(group('ws', { '/v1.0/ws': { get: operation({ responses: { 101: {} } }) } }), '')
  assert.equal(group('docs', { '/docs/errors': { get: operation({}) } }), '')
})

test('two operations of one name end the generation', () => {
  const paths = { '/v1.0/a/{id}/b': { get: operation({}) }, '/v1.0/a/b': { get: operation({}) } }
  assert.throws(() => group('a', paths), /two operations are called a\.getB/)
})

test('the version of the package is the platform’s', () => {
  const files = sdkFiles({ paths: {}, components: { schemas: {} } }, [], '{"version": "0.0.0"}', '1.2.3')
  assert.equal(files.get('sdk/package.json'), '{"version": "1.2.3"}')
})
