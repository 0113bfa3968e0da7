/** The SIP half of the registrar: who phones are, and where. See README.md. */
export type { Binding } from './binding.ts'
export { ExtensionGate, type GateAnswer } from './extension-gate.ts'
export { RegistrationStore } from './registration-store.ts'
export { readSipDomain, type SipDomain } from './sip-domain.ts'
export { SipRegistrar } from './sip-registrar.ts'
export { type KnownTrunk, type TrunkAnswer, TrunkGate, type TrunkReader } from './trunk-gate.ts'
