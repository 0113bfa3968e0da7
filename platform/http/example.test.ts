import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { defineErrors } from '#platform/errors'
import { errorExample, exampleName } from './error-examples.ts'
import { apiErrors } from './errors.ts'
import { exampleOf } from './example.ts'
import { Address, TimestampOrNull, Uuid } from './wire.ts'

test('an example is what the schema says, or else a value of its enumeration, format, name and bounds', () => {
  const schema = Type.Object({
    said: Type.String({ examples: ['by the schema'] }),
    colour: Type.Enum(['', 'blue']),
    id: Uuid,
    tm_create: TimestampOrNull,
    name: Type.String({ maxLength: 5 }),
    strength: Type.Integer({ minimum: 3, maximum: 9 }),
    hot: Type.Boolean({ default: false }),
    by: Address,
    pots: Type.Array(Type.Object({ number: Type.Integer() }), { minItems: 2 }),
    free: Type.Record(Type.String(), Type.Unknown()),
  })
  const { id, tm_create, by, ...rest } = exampleOf(schema, 'answer') as Record<string, unknown>
  assert.match(String(id), /^[0-9a-f-]{36}$/)
  assert.match(String(tm_create), /^2026-.*Z$/)
  assert.deepEqual(
    { ...(by as object) },
    {
      type: 'tel',
      target: '+12025550123',
      target_name: 'target_name',
      name: 'Front desk',
      detail: 'Takes the first calls of the day',
    },
  )
  assert.deepEqual(rest, {
    said: 'by the schema',
    colour: 'blue',
    name: 'name',
    strength: 3,
    hot: false,
    pots: [{ number: 1 }, { number: 1 }],
    free: {},
  })
})

test('the example of a request names nothing that would have to be there first', () => {
  const schema = Type.Object({
    name: Type.String(),
    flow_id: Type.Optional(Type.String()),
    tag_ids: Type.Array(Uuid),
    customer_id: Uuid,
  })
  assert.deepEqual(Object.keys(exampleOf(schema, 'request') as object), ['name', 'tag_ids', 'customer_id'])
  assert.deepEqual((exampleOf(schema, 'request') as { tag_ids: unknown }).tag_ids, [])
})

test('a text with a pattern that nothing known fits has to say its example', () => {
  const code = { pattern: '^[0-9]{4}$' }
  assert.throws(() => exampleOf(Type.Object({ code: Type.String(code) }), 'request'), /code .* says no example/)
  assert.deepEqual(exampleOf(Type.Object({ code: Type.String({ ...code, examples: ['0815'] }) }), 'request'), {
    code: '0815',
  })
})

test('the example of a reason is the envelope that its declaration makes, with details where they have a schema', () => {
  const errors = defineErrors('tea-manager', {
    TEA_COLD: {
      status: 'FAILED_PRECONDITION',
      blame: 'client',
      retry: 'after_fix',
      cause: 'The tea is cold.',
      fix: 'Warm it.',
      message: (p: { celsius: number }) => `The tea has ${p.celsius} °C.`,
      details_schema: { type: 'object', required: ['celsius'], properties: { celsius: { type: 'integer' } } },
    },
    TEA_GONE: {
      status: 'NOT_FOUND',
      blame: 'client',
      retry: 'never',
      cause: 'Somebody drank it.',
      fix: 'Make another.',
      message: (p: { by: string }) => `It was ${p.by}.`,
      details: () => [],
    },
  })
  const shown = (reason: Parameters<typeof errorExample>[0]) => (errorExample(reason).value as { error: object }).error
  assert.deepEqual(shown(errors.TEA_COLD), {
    status: 'FAILED_PRECONDITION',
    reason: 'TEA_COLD',
    message: 'The tea has 1 °C.',
    request_id: 'req_4H4ITYWWLIBZXLFUPBJLCV73YA',
    domain: 'tea-manager',
    details: [{ celsius: 1 }],
  })
  // a fact without a schema has no example
  assert.equal((shown(errors.TEA_GONE) as { message: string }).message, 'Somebody drank it.')
  assert.equal(exampleName(errors.TEA_COLD), 'tea-manager.TEA_COLD')
  assert.equal(exampleName(apiErrors.INVALID_ID), 'INVALID_ID')
})
