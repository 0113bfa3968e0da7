import type { Reason, ReasonedError } from '#platform/errors'
import { apiErrors } from './errors.ts'
import { exampleOf } from './example.ts'
import type { Json } from './schema.ts'

const REQUEST_ID = 'req_4H4ITYWWLIBZXLFUPBJLCV73YA'

/** What a reason's example is called among the components; a reason of two domains has two. */
export function exampleName({ domain, reason }: Reason): string {
  return domain === apiErrors.INTERNAL.domain ? reason : `${domain}.${reason}`
}

/** An answer with this reason as a client gets it, made by the very declaration that makes the real ones. */
export function errorExample(reason: Reason): Json {
  const { status, domain, message, details } = sample(reason)
  return {
    summary: reason.declaration.cause,
    value: {
      error: {
        status,
        reason: reason.reason,
        message,
        request_id: REQUEST_ID,
        domain,
        ...(details.length > 0 ? { details } : {}),
      },
    },
  }
}

/** Facts that are in the message only have no schema; without one for them the cause is all that can be said. */
function sample(reason: Reason): ReasonedError {
  const { cause, details_schema } = reason.declaration
  const facts = details_schema ? (exampleOf({ ...details_schema }, 'answer') as Json) : {}
  let isWhole = true
  const watched = new Proxy(facts, {
    get: (known, name) => {
      if (!(name in known)) isWhole = false
      return Reflect.get(known, name)
    },
  })
  const make = reason as unknown as (facts: object) => ReasonedError
  const { message } = make(watched)
  return Object.assign(make(facts), {
    message: isWhole ? message : cause,
    details: details_schema ? [facts] : [],
  })
}
