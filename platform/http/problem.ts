import Negotiator from 'negotiator'
import type { ReasonedError } from '#platform/errors'
import { envelope } from './envelope.ts'

const PROBLEM = 'application/problem+json'
/** The two forms of a refusal: the first for a client that does not say, or takes anything. */
const FORMS = ['application/json', PROBLEM]

/** The page that explains a reason, on this server: what `Link` names and what identifies the kind of a problem. */
export function helpPath(reason: string): string {
  return `/docs/errors/${reason}`
}

/** A refusal as it leaves. */
export interface Refusal {
  contentType: string
  /** `Link` (RFC 8288): where a person reads what happened and what to do. */
  link: string
  body: string
}

/** The envelope, or the same facts as a problem document (RFC 9457) for a client whose `Accept` prefers that. */
export function refusal(error: ReasonedError, request_id: string, accept: string | undefined): Refusal {
  const link = `<${helpPath(error.reason)}>; rel="help"`
  if (accept?.includes(PROBLEM) && new Negotiator({ headers: { accept } }).mediaType(FORMS) === PROBLEM)
    return { contentType: PROBLEM, link, body: JSON.stringify(problem(error, request_id)) }
  return { contentType: 'application/json; charset=utf-8', link, body: envelope(error, request_id) }
}

/** RFC 9457 §3.1; what the envelope calls `status` is `canonical_status` here, because `status` is the HTTP code. */
function problem({ reason, http, status, message, domain, details, declaration }: ReasonedError, request_id: string) {
  return {
    type: helpPath(reason),
    title: declaration.cause,
    status: http,
    detail: message,
    canonical_status: status,
    reason,
    domain,
    request_id,
    ...(details.length > 0 ? { details } : {}),
  }
}
