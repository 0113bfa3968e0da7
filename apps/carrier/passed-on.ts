import type { SipRequest } from '#telecom/sip'

/** What a network hands on of the header of an INVITE: who calls and why, and everything that it does not know. */
const PASSED_ON = /^(x-.+|privacy|p-asserted-identity|diversion|history-info|user-to-user)$/

/** The headers of a call that go on with it into the next leg, by their names in lower case. */
export function passedOn({ headers }: SipRequest): Record<string, string[]> {
  const kept: Record<string, string[]> = {}
  for (const [name, value] of headers.entries()) if (PASSED_ON.test(name)) kept[name] = [...(kept[name] ?? []), value]
  return kept
}
