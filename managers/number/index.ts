/** Numbers that can be called, the flows that answer them, and whose they are; and the vendors that they are bought from. */
export { AvailableNumbers } from './available.ts'
export { ChargedNumbers } from './charged-numbers.ts'
export type { NumberCharges } from './charges.ts'
export type { PhoneNumber } from './contract.ts'
export { migrations } from './migrations/index.ts'
export { isSandboxNumber, type NewNumber } from './number.ts'
export { NumberRenewals } from './renewal.ts'
export { numberRoutes } from './routes.ts'
export type { FlowLookup, NumberRouting } from './routing.ts'
export { SandboxVendor } from './sandbox-vendor.ts'
export { type IdentityLookup, NumberService } from './service.ts'
export { NumberStore } from './store.ts'
export {
  type AvailableNumber,
  type BoughtNumber,
  NUMBER_FEATURES,
  type NumberFeature,
  type NumberSearch,
  type NumberVendor,
  NumberVendorError,
  type VendorProblem,
} from './vendor.ts'
export { Vendors } from './vendors.ts'
