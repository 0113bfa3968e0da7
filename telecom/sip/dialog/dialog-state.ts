import type { SipRequest, SipResponse } from '../message/message.ts'
import { parseNameAddr } from '../message/name-addr.ts'
import { malformed } from '../message/parameters.ts'

/**
 * A dialog as plain data (RFC 3261 §12): what has to be on disk before our 200 so that, after a crash, somebody else can
 * end it with a BYE. Every step gives a new object.
 */
export interface DialogState {
  readonly call_id: string
  readonly local_tag: string
  readonly remote_tag: string
  /** The URI of our From (UAC) or To (UAS), as it was written, without display name and parameters. */
  readonly local_uri: string
  readonly remote_uri: string
  /** The CSeq of our last request; 0 = we have sent none. */
  readonly local_cseq: number
  /** The CSeq of the peer's last request; -1 = it has sent none. */
  readonly remote_cseq: number
  /** Route values in the order in which we send them, each a name-addr as written. */
  readonly route_set: readonly string[]
  /** The peer's Contact URI. */
  readonly remote_target: string
  /** Our Contact URI in this dialog. */
  readonly local_contact: string
  /** Key of the flow that the dialog was made over (`SipStack.flow`). */
  readonly flow: string
  /** Where requests of ours go: back over the flow, or as Route and remote target say. */
  readonly routing: 'flow' | 'target'
  /** Whether it was made by a SIPS URI over TLS. */
  readonly secure: boolean
  /** Which side began the call. */
  readonly role: 'uas' | 'uac'
}

/** What our side adds to a dialog. */
interface OurSide {
  readonly localTag: string
  readonly contact: string
  readonly flow: string
  readonly flowSecure: boolean
  readonly routing: 'flow' | 'target'
}

/**
 * §12.1.1: the dialog that an INVITE makes when we answer it. One without Contact (RFC 2543) is reached at its From.
 * Throws a `SipError` for an INVITE that cannot make one.
 */
export function uasDialog(invite: SipRequest, ours: OurSide): DialogState {
  const { uri } = invite
  const route_set = invite.headers.list('record-route')
  // a quoted display name may hold a NUL (§25.1), which nothing that keeps dialogs can store
  if (route_set.some((route) => route.includes('\0'))) throw malformed('Record-Route', 'it holds a NUL')
  return {
    call_id: invite.callId,
    local_tag: ours.localTag,
    remote_tag: invite.fromTag,
    local_uri: invite.to.uri.text,
    remote_uri: invite.from.uri.text,
    local_cseq: 0,
    remote_cseq: invite.cseq.number,
    route_set,
    remote_target: (invite.contacts[0] ?? invite.from).uri.text,
    local_contact: ours.contact,
    flow: ours.flow,
    routing: ours.routing,
    secure: ours.flowSecure && uri.scheme === 'sips',
    role: 'uas',
  }
}

/**
 * §12.1.2: the dialog that a response with a To tag makes for the INVITE that we sent. Without a response: what is known of
 * it beforehand. Throws a `SipError` for a response that cannot make one.
 */
export function uacDialog(invite: SipRequest, response: SipResponse | undefined, ours: OurSide): DialogState {
  const route_set = response?.headers.list('record-route').reverse() ?? []
  if (route_set.some((route) => route.includes('\0'))) throw malformed('Record-Route', 'it holds a NUL')
  return {
    call_id: invite.callId,
    local_tag: ours.localTag,
    remote_tag: response?.toTag ?? '',
    local_uri: invite.from.uri.text,
    remote_uri: invite.to.uri.text,
    local_cseq: invite.cseq.number,
    remote_cseq: -1,
    route_set,
    remote_target: response?.contacts[0]?.uri.text ?? invite.uriText,
    local_contact: ours.contact,
    flow: ours.flow,
    routing: ours.routing,
    secure: ours.flowSecure && invite.uri.scheme === 'sips',
    role: 'uac',
  }
}

/** By what the peer's requests find a dialog. */
export function dialogKey(state: Pick<DialogState, 'call_id' | 'local_tag' | 'remote_tag'>): string {
  return `${state.call_id}|${state.local_tag}|${state.remote_tag}`
}

/** §12.2.2: whether the peer's CSeq is in order (a gap is, going back is not). */
export function inOrder(state: DialogState, cseq: number): boolean {
  return cseq >= state.remote_cseq
}

/** §12.2.1.1: Request-URI and Route of a request in the dialog, for loose and for strict routers. */
export function routing(state: DialogState): { uri: string; routes: readonly string[] } {
  const [first, ...rest] = state.route_set
  if (first === undefined) return { uri: state.remote_target, routes: [] }
  const { uri } = parseNameAddr(first, 'Route')
  if (uri.kind !== 'sip' || uri.parameters.has('lr')) return { uri: state.remote_target, routes: state.route_set }
  return { uri: uri.text, routes: [...rest, `<${state.remote_target}>`] }
}

/** The URI of the next hop where the dialog is not bound to its flow. */
export function nextHopUri(state: DialogState): string {
  const [first] = state.route_set
  return first === undefined ? state.remote_target : parseNameAddr(first, 'Route').uri.text
}
