import { type Static, Type } from 'typebox'
import { type Catalogue, HTTP_STATUS, type Reason, type Status } from '#platform/errors'

const STATUSES = Object.keys(HTTP_STATUS) as Status[]

/** A reason as `GET /v1.0/errors` shows it (decision 14). Its identity is (domain, reason). */
export const ErrorReason = Type.Object(
  {
    reason: Type.String(),
    domain: Type.String(),
    status: Type.Enum(STATUSES),
    http: Type.Integer(),
    blame: Type.Enum(['client', 'callee', 'carrier', 'platform']),
    retry: Type.Enum(['never', 'after_fix', 'same_key', 'after_delay']),
    cause: Type.String(),
    fix: Type.String(),
    details_schema: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], {
      description: 'JSON Schema of one entry of details; null where there are none.',
    }),
    since: Type.String({ description: 'The version that released it.' }),
    deprecated: Type.Union([Type.String(), Type.Null()], { description: 'Why and since when; null = it is not.' }),
    pending: Type.Boolean({ description: 'Published, but nothing emits it yet.' }),
  },
  { $id: 'ErrorReason' },
)
export type ErrorReason = Static<typeof ErrorReason>

/** The version that released a reason which does not say. */
const FIRST_VERSION = '0.1.0'

/** Every reason, by name and then domain. */
export function catalogueRows(catalogues: readonly Catalogue[]): ErrorReason[] {
  return catalogues
    .flatMap((catalogue) => Object.values(catalogue).map(row))
    .sort((a, b) => compare(a.reason, b.reason) || compare(a.domain, b.domain))
}

function row({ reason, domain, declaration }: Reason): ErrorReason {
  const { status, blame, retry, cause, fix, details_schema, since, deprecated, pending } = declaration
  return {
    reason,
    domain,
    status,
    http: HTTP_STATUS[status],
    blame,
    retry,
    cause,
    fix,
    details_schema: details_schema ? { ...details_schema } : null,
    since: since ?? FIRST_VERSION,
    deprecated: deprecated ?? null,
    pending: pending ?? false,
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
