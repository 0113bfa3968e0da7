/** Numbers that can be called, the flows that answer them, and whose they are. */
export type { PhoneNumber } from './contract.ts'
export { migrations } from './migrations/index.ts'
export { numberRoutes } from './routes.ts'
export type { FlowLookup, NumberRouting } from './routing.ts'
export { type IdentityLookup, type NewVirtualNumber, NumberService } from './service.ts'
