/**
 * SIP (RFC 3261) over UDP and TCP: messages, transactions, dialogs, digest. The user of this folder sees calls and requests
 * (`TransactionUser`), never a datagram or a timer. `README.md` maps section to file to state of support.
 */
export type { Question, Reply } from './asking/question.ts'
export type { CounterValues } from './counters.ts'
export type { DialogState } from './dialog/dialog-state.ts'
export { DEFAULT_SESSION_TIMER, type SessionTimerPolicy } from './dialog/session-interval.ts'
export { answerChallenge, type ClientSecret } from './digest/answer.ts'
export { digestChallenge } from './digest/challenge.ts'
export type { Credentials } from './digest/client.ts'
export { type DigestAlgorithm, type Ha1, ha1Of } from './digest/hash.ts'
export { Nonces } from './digest/nonce.ts'
export { type DigestCredentials, digestCredentials, verifyDigest } from './digest/verify.ts'
export { ownerOf } from './identity.ts'
export { DEFAULT_LIMITS, type Limits } from './limits.ts'
export { type AssertedIdentity, assertedIdentity, privacyOf } from './message/asserted-identity.ts'
export { buildResponse } from './message/build-response.ts'
export { type Diversion, diversionsOf } from './message/diversion.ts'
export { canonicalName, type HeaderInput, Headers } from './message/headers.ts'
export { type HistoryEntry, historyOf } from './message/history-info.ts'
export { canonicalAddress } from './message/ip-address.ts'
export { type CSeq, type MediaType, type SipMessage, SipRequest, SipResponse } from './message/message.ts'
export { type NameAddr, parseNameAddr, writeNameAddr } from './message/name-addr.ts'
export type { Parameters } from './message/parameters.ts'
export { FaultyRequest, parseMessage } from './message/parser.ts'
export { type PhoneNumber, phoneNumberOf } from './message/phone-number.ts'
export { readableText } from './message/readable-text.ts'
export { reasonPhrase } from './message/reasons.ts'
export { type ReferTo, readRefer } from './message/refer-to.ts'
export { parseReplaces, type Replaces } from './message/replaces.ts'
export { serialise } from './message/serialise.ts'
export { SipError, type SipIssue } from './message/sip-error.ts'
export { type AbsoluteUri, escapeUser, parseUri, type SipUri, sipUri, type TelUri, type Uri } from './message/uri.ts'
export type { Via } from './message/via.ts'
export {
  OutboundRegistration,
  type RegistrationNeeds,
  type RegistrationOptions,
  type RegistrationState,
} from './registration/outbound-registration.ts'
export { OutboundRegistrations } from './registration/outbound-registrations.ts'
export { SipStack } from './stack.ts'
export type { ListenerInfo, ListenerOptions, Owner, SipStackDoor, SipStackOptions } from './stack-options.ts'
export { DEFAULT_TIMERS, type Timers } from './timers.ts'
export type {
  ClientHandlers,
  ClientTransaction,
  Dialog,
  DialogRequest,
  DialogUser,
  EarlyDialog,
  IncomingInvite,
  IncomingRequest,
  InviteUser,
  Outcome,
  OutgoingCall,
  OutgoingCallUser,
  OutgoingInvite,
  OutgoingRequest,
  ResponseOptions,
  SessionChange,
  SipBody,
  TransactionUser,
} from './transaction-user.ts'
export { advertisedOn, expandHosts } from './transport/addresses.ts'
export type { BreakerState } from './transport/breaker.ts'
export { type Flow, type FlowKey, parseFlowKey, type RemoteAddress, type TransportName } from './transport/flow.ts'
export type { Names } from './transport/names.ts'
export type { Destination, Resolution, ResolveIssue } from './transport/resolve.ts'
export { type MessageIds, messageIdsOf, type SipTap } from './transport/tap.ts'
