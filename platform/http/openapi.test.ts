import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { defineErrors } from '#platform/errors'
import { apiClient } from '#testkit'
import { endpoint, handle, type Route } from './endpoint.ts'
import { openapiDocument } from './openapi.ts'
import { page, pageQuery } from './paging.ts'
import { createTea, getTea, startServer, Tea, TeaCreate, teaRoutes } from './test-server.ts'
import { Address, idParams, TimestampOrNull } from './wire.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test reaches into the document
type Document = any

const pots = endpoint({
  method: 'GET',
  path: '/pots',
  summary: 'List pots',
  allow: 'customer',
  query: pageQuery,
  returns: page(
    Type.Object(
      { tea: Tea, brewed: TimestampOrNull, by: Address, tags: Type.Record(Type.String(), Type.String()) },
      { $id: 'Pot' },
    ),
  ),
  errors: [],
})
const routes: Route[] = [...teaRoutes, handle(pots, () => ({ result: [], next_page_token: '' }))]

test('the document that is served is made from the running routes, and every reference in it leads somewhere', async () => {
  await using at = await startServer()
  const document: Document = (await apiClient(at.url).get('/openapi.json')).body
  assert.equal(document.openapi, '3.1.0')
  assert.deepEqual(Object.keys(document.paths), [
    '/health',
    '/openapi.json',
    '/ping',
    '/v1.0/errors',
    '/v1.0/errors/{reason}',
    '/v1.0/tea_pots',
    '/v1.0/teas',
    '/v1.0/teas/{id}',
  ])
  for (const [, path] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const target = path?.split('/').reduce((node: Document, step) => node?.[step], document)
    assert.ok(target, path)
  }
})

test('named schemas are components, referred to by name wherever they stand', () => {
  const document: Document = openapiDocument(routes, '0.1.0')
  assert.deepEqual(Object.keys(document.components.schemas), ['Address', 'Error', 'Pot', 'Problem', 'Tea'])
  const list = document.paths['/v1.0/pots'].get.responses['200'].content['application/json'].schema
  assert.deepEqual(list.properties.result.items, { $ref: '#/components/schemas/Pot' })
  assert.deepEqual(document.components.schemas.Pot.properties.tea, { $ref: '#/components/schemas/Tea' })
  assert.deepEqual(document.components.schemas.Pot.properties.brewed.type, ['string', 'null'])
  assert.deepEqual(document.components.schemas.Pot.properties.tags, {
    type: 'object',
    additionalProperties: { type: 'string' },
  })
  assert.equal(document.components.schemas.Address.properties.type.type, 'string')
  assert.ok(!JSON.stringify(document).includes('$id'))
})

test('two different schemas of one name are refused', () => {
  const other = { ...getTea, returns: Type.Object({ other: Type.String() }, { $id: 'Tea' }) }
  assert.throws(() => openapiDocument([...routes, handle({ ...other, path: '/o' }, () => ({ other: '' }))], '1'), /Tea/)
})

test('each operation lists its reasons under their status, and the class answers for all others', () => {
  const document: Document = openapiDocument(routes, '0.1.0')
  const { responses, 'x-reasons': all } = document.paths['/v1.0/teas/{id}'].get
  assert.deepEqual(Object.keys(responses), ['200', '400', '401', '403', '404', '429', '500', '503', '4XX', '5XX'])
  assert.deepEqual(responses['404']['x-reasons'], ['tea-manager/TEA_NOT_FOUND'])
  assert.deepEqual(responses['401']['x-reasons'], ['AUTHENTICATION_REQUIRED', 'INVALID_CREDENTIALS'])
  assert.match(responses['400'].description, /`INVALID_ID`/)
  assert.ok(all.includes('INTERNAL'))
})

test('a reason that nothing emits yet is not promised', () => {
  const { TEA_COLD } = defineErrors('tea-manager', {
    TEA_COLD: {
      status: 'NOT_FOUND',
      blame: 'client',
      retry: 'never',
      cause: 'It stood too long.',
      fix: 'Make new tea.',
      message: () => 'The tea is cold.',
      pending: true,
    },
  })
  const document = openapiDocument([handle({ ...getTea, errors: [TEA_COLD] }, () => ({}) as never)], '1')
  assert.ok(!JSON.stringify(document).includes('TEA_COLD'))
})

test('success code, body and gate of an operation are in the document', () => {
  const document: Document = openapiDocument(routes, '0.1.0')
  const create = document.paths['/v1.0/teas'].post
  assert.ok(create.responses['201'])
  assert.equal(create.requestBody.required, true)
  assert.deepEqual(create.requestBody.content['application/json'].schema.required, TeaCreate.required)
  assert.deepEqual(create.responses['403']['x-reasons'], [
    'ACCOUNT_FROZEN',
    'DIRECT_ACCESS_NOT_SUPPORTED',
    'PERMISSION_DENIED',
  ])
  assert.equal(create.operationId, 'postTeas')
  assert.equal(document.paths['/v1.0/teas/{id}'].get.operationId, 'getTeasById')
  assert.ok(create.security.some((each: object) => 'bearer' in each))
  assert.deepEqual(document.paths['/v1.0/tea_pots'].get.security, [])
  assert.deepEqual(
    document.paths['/v1.0/tea_pots'].get.parameters
      .filter((each: { required: boolean }) => each.required)
      .map((each: { name: string }) => each.name),
    ['shelf'],
  )
  assert.equal(createTea.success, 201)
})

test('what is at another address is promised as a Location, and as a text in the body', () => {
  const moved = endpoint({
    method: 'GET',
    path: '/moved/{id}',
    summary: 'Moved',
    allow: 'public',
    params: idParams,
    returns: Type.String(),
    redirects: true,
    success: 307,
    errors: [],
  })
  const document: Document = openapiDocument([handle(moved, () => '/there')], '1')
  const { content, headers } = document.paths['/v1.0/moved/{id}'].get.responses['307']
  assert.deepEqual(content['application/json'].schema, { type: 'string' })
  assert.equal(headers.Location.required, true)
})
