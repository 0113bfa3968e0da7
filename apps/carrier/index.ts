/** The sandbox carrier: a public network on this machine, with real SIP and RTP. See README.md. */
export type { CallRecord } from './call-record.ts'
export { Carrier, type CarrierOptions, type Trunk } from './carrier.ts'
export { carrierErrors } from './errors.ts'
export { RunningCarrier, type RunningCarrierOptions } from './running-carrier.ts'
export { readScript, type Script, scriptOf } from './script.ts'
export { ScriptFault, type Step } from './steps.ts'
