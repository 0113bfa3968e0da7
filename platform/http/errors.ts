import { defineErrors } from '#platform/errors'
import { type Faults, faultDetails, faultMessage, faultSchema } from './fault.ts'

/** A validation reason: every fault at once, each with its place. */
const validation = {
  status: 'INVALID_ARGUMENT',
  blame: 'client',
  retry: 'after_fix',
  message: (facts: Faults) => faultMessage(facts),
  details: (facts: Faults) => faultDetails(facts),
  details_schema: faultSchema,
} as const

/**
 * What a refusal for being too fast says: whose limit, how much it allows, and the seconds until it allows more. Of a
 * username it is wrong passwords that are too many, of an address either.
 */
export interface LimitFacts {
  limited_by: 'ip' | 'customer' | 'username'
  retry_after: number
  per_second?: number
  burst?: number
}

/** The reasons that belong to no manager: who asks, what was asked, and whether the platform could answer at all. */
export const apiErrors = defineErrors('api-manager', {
  AUTHENTICATION_REQUIRED: {
    status: 'UNAUTHENTICATED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'No token or access key was supplied.',
    fix: 'Send a valid JWT or access key in the Authorization: Bearer header, or an access key as ?accesskey=.',
    message: () => 'This endpoint needs a token or an access key.',
  },
  INVALID_CREDENTIALS: {
    status: 'UNAUTHENTICATED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The supplied token, access key or password is wrong, expired or revoked.',
    fix: 'Log in again with POST /auth/login, or make a new access key, and retry.',
    message: () => 'The credentials are invalid or expired.',
  },
  ACCOUNT_FROZEN: {
    status: 'PERMISSION_DENIED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The customer account is frozen, usually because its deletion was requested.',
    fix: 'Call the recovery endpoint in details[0] to restore the account, or wait until deletion_effective_at.',
    message: (_: { deletion_scheduled_at: string; deletion_effective_at: string; recovery_endpoint: string }) =>
      'The account is frozen and will be deleted.',
    details_schema: {
      type: 'object',
      required: ['deletion_scheduled_at', 'deletion_effective_at', 'recovery_endpoint'],
      properties: {
        deletion_scheduled_at: { type: 'string', format: 'date-time' },
        deletion_effective_at: { type: 'string', format: 'date-time' },
        recovery_endpoint: { type: 'string' },
      },
    },
  },
  PERMISSION_DENIED: {
    status: 'PERMISSION_DENIED',
    blame: 'client',
    retry: 'never',
    cause: 'The caller is known, but its role may not use this endpoint.',
    fix: 'Use a caller with the permission that the endpoint asks for.',
    message: () => 'The caller does not have permission for this.',
  },
  DIRECT_ACCESS_NOT_SUPPORTED: {
    status: 'PERMISSION_DENIED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The endpoint needs the login of an agent, or is outside what a direct token may use.',
    fix: 'Log in with POST /auth/login and use that token.',
    message: () => 'This endpoint does not take this kind of credential.',
  },
  AGENT_AUTH_REQUIRED: {
    status: 'PERMISSION_DENIED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The endpoint is about the agent who asks, and the caller is not an agent.',
    fix: 'Log in with POST /auth/login and use that token.',
    message: () => 'Only an agent who is logged in can ask this.',
  },
  RATE_LIMIT_EXCEEDED: {
    status: 'RESOURCE_EXHAUSTED',
    blame: 'client',
    retry: 'after_delay',
    cause: 'More requests than the address or the customer may send, or too many wrong passwords.',
    fix: 'Wait for the seconds in Retry-After, then continue more slowly.',
    message: ({ limited_by, retry_after }: LimitFacts) =>
      `Too many requests of this ${limited_by}; try again in ${retry_after} s.`,
    details_schema: {
      type: 'object',
      required: ['limited_by', 'retry_after'],
      properties: {
        limited_by: { type: 'string', enum: ['ip', 'customer', 'username'], description: 'Whose limit it is.' },
        retry_after: { type: 'integer', description: 'Seconds, the same as in Retry-After.' },
        per_second: { type: 'number', description: 'Requests that come free each second.' },
        burst: { type: 'integer', description: 'Requests that may come at once after a pause.' },
      },
    },
  },
  RESOURCE_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'The resource does not exist or belongs to another customer.',
    fix: 'Verify that the id came from a recent list call.',
    message: () => 'There is no such resource.',
  },
  ROUTE_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'after_fix',
    cause: 'No endpoint has this path and method.',
    fix: 'Check the method, the prefix /v1.0 and the name of the resource against the API reference.',
    message: () => 'There is no endpoint with this path and method.',
  },
  INVALID_ARGUMENT: {
    ...validation,
    cause: 'The request could be read, but something in it has a value that is not allowed or is missing.',
    fix: 'Read message and details: each entry names a field and what is wrong with it.',
  },
  INVALID_JSON_BODY: {
    ...validation,
    cause: 'The body is empty, is not JSON, or a member has the wrong JSON type.',
    fix: 'Send Content-Type: application/json and a JSON object whose members have the documented types.',
  },
  INVALID_ID: {
    ...validation,
    cause: 'An id in the path or the body is not a UUID, or is the nil UUID.',
    fix: 'Verify that the id came from a recent list call and has the form a1b2c3d4-e5f6-7890-abcd-ef1234567890.',
  },
  INVALID_REQUEST_PARAMETER: {
    ...validation,
    cause: 'A path or query parameter cannot be read as the type that it has.',
    fix: 'Mend the named parameter.',
  },
  MISSING_REQUEST_PARAMETER: {
    ...validation,
    cause: 'A parameter that the endpoint needs is not there.',
    fix: 'Add the named parameter.',
  },
  INVALID_FILE_UPLOAD: {
    ...validation,
    cause: 'The body of an upload is no complete form, is too large, or has no part named file.',
    fix: 'Send multipart/form-data with one part named file, within the size that the message names.',
  },
  INVALID_FILE_TYPE: {
    ...validation,
    cause: 'The part named type is missing, or says what this path does not take.',
    fix: 'Send type=rag to POST /storage_files and type=talk to POST /service_agents/files.',
  },
  INVALID_WEBHOOK_METHOD: {
    ...validation,
    cause: 'A webhook method is not POST, GET, PUT or DELETE.',
    fix: 'Use one of them, or leave it empty for POST.',
  },
  INVALID_WEBHOOK_URI: {
    ...validation,
    cause: 'A webhook URI is not an absolute http or https URI with a host, or leads to a private address.',
    fix: 'Send a full URI of a public host, such as https://example.com/hook.',
  },
  INVALID_VARIABLES: {
    ...validation,
    cause: 'More than 100 variables, a value above 32 KiB, or more than 64 KiB in all.',
    fix: 'Send fewer or shorter variables.',
  },
  INVALID_TAG_IDS: {
    ...validation,
    cause: 'The filter tag_ids is empty, has more than 100 ids, or one of them is not a UUID.',
    fix: 'Send 1 to 100 tag ids, separated by commas.',
  },
  INVALID_RESOURCE_TYPE: {
    ...validation,
    cause: 'The kind of resource in the path of a timeline is not calls, conferences, flows or activeflows.',
    fix: 'Use one of them.',
  },
  INVALID_ACTIVEFLOW_ID: {
    ...validation,
    cause: 'The query parameter activeflow_id is not a UUID, or is the nil UUID.',
    fix: 'Verify that the id came from GET /activeflows.',
  },
  INVALID_CALL_ID: {
    ...validation,
    cause: 'The query parameter call_id is not a UUID, or is the nil UUID.',
    fix: 'Verify that the id came from GET /calls.',
  },
  STATE_INVALID: {
    status: 'FAILED_PRECONDITION',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The resource is in a state that does not allow this, and no narrower reason says which.',
    fix: 'Read the resource, and repeat when its state allows it.',
    message: (facts: { issue: string }) => facts.issue,
    details: () => [],
  },
  REQUEST_TIMEOUT: {
    status: 'UNAVAILABLE',
    blame: 'platform',
    retry: 'same_key',
    cause: 'A part of the platform did not answer within the deadline.',
    fix: 'Retry after a short delay, with the same Idempotency-Key.',
    message: () => 'The request was not finished in time.',
  },
  REQUEST_CANCELED: {
    status: 'UNAVAILABLE',
    blame: 'client',
    retry: 'same_key',
    cause: 'The request was cancelled before it was finished; usually the client went away.',
    fix: 'Nothing; retry with the same Idempotency-Key where the outcome matters.',
    message: () => 'The request was cancelled.',
  },
  SERVICE_UNAVAILABLE: {
    status: 'UNAVAILABLE',
    blame: 'platform',
    retry: 'same_key',
    cause: 'A part of the platform, such as the database, cannot be reached for the moment.',
    fix: 'Retry after the seconds in Retry-After, with the same Idempotency-Key and growing delays.',
    message: (facts?: { missing?: readonly string[] }) =>
      facts?.missing
        ? `Not ready: ${facts.missing.join(', ')}.`
        : 'A part of the platform is not available for the moment.',
    details_schema: {
      type: 'object',
      properties: {
        missing: { type: 'array', items: { type: 'string' }, description: 'Parts, where they are known.' },
      },
    },
  },
  INTERNAL: {
    status: 'INTERNAL',
    blame: 'platform',
    retry: 'after_delay',
    cause: 'Something unforeseen went wrong in the server; its log has the cause under the request id.',
    fix: 'Report error.request_id.',
    message: () => 'Something went wrong in the server.',
  },
})
