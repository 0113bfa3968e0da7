/** Numbers that can be called, the flows that answer them, and whose they are. */
export type { PhoneNumber } from './contract.ts'
export { migrations } from './migrations/index.ts'
export { numberRoutes } from './routes.ts'
export type { FlowLookup, NumberRouting } from './routing.ts'
export { type IdentityLookup, type NewVirtualNumber, NumberService } from './service.ts'
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
