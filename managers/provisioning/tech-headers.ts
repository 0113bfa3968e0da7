/** What the platform itself says in an INVITE: no provider's header may take its place (`calls.md` §5.3). */
const RESERVED: ReadonlySet<string> = new Set([
  ...['via', 'v', 'from', 'f', 'to', 't', 'call-id', 'i', 'cseq', 'contact', 'm', 'max-forwards', 'route'],
  ...['record-route', 'content-type', 'c', 'content-length', 'l', 'content-encoding', 'e', 'content-disposition'],
  ...['authorization', 'proxy-authorization', 'require', 'proxy-require', 'supported', 'k', 'allow', 'user-agent'],
  ...['session-expires', 'x', 'min-se', 'replaces', 'refer-to', 'r', 'referred-by', 'b', 'reason', 'rseq', 'rack'],
  ...['privacy', 'p-asserted-identity', 'p-preferred-identity', 'remote-party-id', 'x-strowger-hops'],
  ...['vbout-sdp_transport', 'vbout-codecs', 'vb-call-id', 'vb-confbridge-id', 'vb-direction'],
])
const TOKEN = /^[A-Za-z0-9!%*_+`'~.-]{1,64}$/
/** Printable, no line ends: nothing of a value can become a header of its own. */
const VALUE = /^[\x20-\x7e\u00a0-\uffff]*$/
const MOST = 32

/** What is wrong with the headers of a provider, by their names. */
export function faultsOfTechHeaders(headers: Readonly<Record<string, string>>): { field: string; issue: string }[] {
  const entries = Object.entries(headers)
  if (entries.length > MOST) return [{ field: 'tech_headers', issue: `has more than ${MOST} headers` }]
  return entries.flatMap(([name, value]) => {
    const field = `tech_headers.${name}`
    if (!TOKEN.test(name)) return [{ field, issue: 'is no name of a header' }]
    if (RESERVED.has(name.toLowerCase())) return [{ field, issue: 'is set by the platform' }]
    return VALUE.test(value) ? [] : [{ field, issue: 'has characters that end a header' }]
  })
}
