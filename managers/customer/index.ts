/** Customers (the tenants), and the access keys that act for them. */
export { type AccesskeyRecord, isAccesskeyToken, isUsable } from './accesskey.ts'
export { AccesskeyService } from './accesskey-service.ts'
export { AccesskeyUse } from './accesskey-use.ts'
export { ClosedCustomers, type LiveWork } from './closed-customers.ts'
export {
  type CustomerRecord,
  type CustomerStatus,
  isLiving,
  presentCustomer,
  RESERVED_CUSTOMERS,
  ROUTING_CUSTOMER_ID,
  SYSTEM_CUSTOMER_ID,
} from './customer.ts'
export { isEmail } from './email.ts'
export { CustomerLifecycle, type DefaultAdmins, type OnCustomerDeleted } from './lifecycle.ts'
export { migrations } from './migrations/index.ts'
export { customerRoutes } from './routes.ts'
export { CustomerService, type NewCustomer, type UsernameOwner } from './service.ts'
export type { PasswordCheck } from './unregister.ts'
export { type PointsInside, webhookMethod, webhookUri } from './webhook-target.ts'
