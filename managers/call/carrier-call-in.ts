import type { NumberRouting } from '#managers/number'
import type { Carrier } from '#managers/provisioning'
import { type Address, normaliseAddress } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { assertedIdentity, type RemoteAddress, readableText, type SipRequest, type Uri } from '#telecom/sip'
import type { Refusal } from './call-witness.ts'
import { wantsPrivacy } from './caller-id.ts'
import { numbersWrittenBy } from './carrier-number.ts'
import { hopsOf, MOST_HOPS } from './hops.ts'

/** Which provider an address belongs to. */
export interface CarrierAddresses {
  at(source: RemoteAddress): Carrier | undefined
  /** Those whose addresses are not known yet, as nobody could look up their name. */
  unresolved(): Carrier[]
}

/** What a carrier's INVITE means. */
export interface CarrierCallIn {
  number: { customer_id: string; number: string; call_flow_id: string; metadata: { rtp_debug: boolean } }
  source: Address
}

/** Why it is refused, and whose call it would have been. */
export interface CarrierRefusal {
  status: number
  refusal: Refusal
  detail: string
  customer_id?: string
}

const LONGEST_NAME = 255
const LONGEST_TARGET = 64
const ANONYMOUS: Address = { type: 'tel', target: 'anonymous' }

/**
 * Reads the INVITE of a carrier (`calls.md` §8.1): the number of ours in its Request-URI, or in To where it calls the contact
 * that we registered; and who calls, by `P-Asserted-Identity` (a carrier's word counts, RFC 3325), else by From. A caller who
 * wants privacy is not shown.
 */
export async function readCarrierCall(
  request: SipRequest,
  carrier: Carrier,
  numbers: NumberRouting,
): Promise<CarrierCallIn | CarrierRefusal> {
  const number = await findNumber(request, [carrier], numbers)
  if (!number) return { status: 404, refusal: 'number_not_found', detail: 'nobody has this number' }
  const { customer_id, call_flow_id } = number
  if (hopsOf(request) >= MOST_HOPS)
    return { status: 482, refusal: 'loop_detected', detail: 'the call has come back too often', customer_id }
  if (call_flow_id === NIL_UUID)
    return { status: 404, refusal: 'number_without_flow', detail: 'the number has no call_flow_id', customer_id }
  return { number, source: callerOf(request, carrier) }
}

/** Whether an INVITE calls a number of ours as one of these providers would. */
export async function mayBeCallOf(
  carriers: readonly Carrier[],
  request: SipRequest,
  numbers: NumberRouting,
): Promise<boolean> {
  return (await findNumber(request, carriers, numbers)) !== undefined
}

/** Virtual numbers cannot be called from the telephone network. */
async function findNumber(request: SipRequest, carriers: readonly Carrier[], numbers: NumberRouting) {
  const written = [userOf(request.uri), userOf(request.to.uri)]
  const meant = written.flatMap((text) => carriers.flatMap((carrier) => numbersWrittenBy(carrier, text)))
  for (const candidate of new Set(meant)) {
    const found = await numbers.findByNumber(candidate)
    if (found?.type === 'normal') return found
  }
  return undefined
}

function callerOf(request: SipRequest, carrier: Carrier): Address {
  if (wantsPrivacy(request)) return ANONYMOUS
  const { tel, sip } = assertedIdentity(request)
  const { uri, displayName } = tel ?? sip ?? request.from
  const user = userOf(uri)
  const [number] = numbersWrittenBy(carrier, user)
  const isHidden = number === undefined && (user === '' || /^(anonymous|unknown|restricted|unavailable)$/i.test(user))
  if (isHidden) return ANONYMOUS
  const name = readableText(displayName, LONGEST_NAME)
  return normaliseAddress({
    type: 'tel',
    target: number ?? readableText(user, LONGEST_TARGET),
    ...(name === '' ? {} : { target_name: name }),
  })
}

function userOf(uri: Uri): string {
  if (uri.kind === 'sip') return uri.user
  return uri.kind === 'tel' ? uri.number : ''
}
