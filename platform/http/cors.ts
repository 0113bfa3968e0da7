/** Any page of any origin may ask, without cookies: credentials travel in headers that it sets itself. */
export const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Content-Length, X-Request-Id, Retry-After, Link, Idempotent-Replayed',
}

/** What a browser is told that asks before it asks. */
export const PREFLIGHT = {
  'access-control-allow-methods': 'POST, GET, PUT, DELETE, PATCH, HEAD, OPTIONS',
  'access-control-allow-headers':
    'Origin, X-Requested-With, Content-Type, Accept, Authorization, Idempotency-Key, X-Request-Id',
  'access-control-max-age': '43200',
}
