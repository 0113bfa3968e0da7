import { defineErrors } from '#platform/errors'

/** Each way in which extensions can fail. */
export const registrarErrors = defineErrors('registrar-manager', {
  EXTENSION_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Extension ID does not exist or belongs to another customer.',
    fix: 'Verify the ID was obtained from a recent GET /extensions list call.',
    message: (_: { extension_id: string }) => 'There is no such extension.',
    details: () => [],
  },
  EXTENSION_ALREADY_EXISTS: {
    status: 'ALREADY_EXISTS',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The customer has this extension already.',
    fix: 'Choose another extension.',
    message: (p: { extension: string }) => `The extension ${p.extension} exists already.`,
    details_schema: {
      type: 'object',
      required: ['extension'],
      properties: { extension: { type: 'string' } },
    },
  },
  RESOURCE_LIMIT_EXCEEDED: {
    status: 'RESOURCE_EXHAUSTED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The plan of the customer allows no more extensions.',
    fix: 'Delete extensions that are no longer used, or change the plan.',
    message: (p: { limit: number }) => `The plan allows no more than ${p.limit} extensions.`,
    details_schema: {
      type: 'object',
      required: ['limit'],
      properties: { limit: { type: 'integer' } },
    },
  },
})
