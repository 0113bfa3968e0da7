/** Extensions, trunks, their digest secrets, and (in `sip/`) the registrar that phones talk to. */
export type { Extension } from './contract.ts'
export {
  digestSecrets,
  type ExtensionCredentials,
  type ExtensionCredentialsReader,
  registrarRealm,
} from './credentials.ts'
export { migrations } from './migrations/index.ts'
export { extensionRoutes } from './routes.ts'
export { ExtensionService, type Registrations } from './service.ts'
export {
  type Binding,
  ExtensionGate,
  type GateAnswer,
  type KnownTrunk,
  RegistrationStore,
  readSipDomain,
  type SipDomain,
  SipRegistrar,
  type TrunkAnswer,
  TrunkGate,
} from './sip/index.ts'
export { ExtensionStore } from './store.ts'
export { trunkRealm } from './trunk.ts'
export { trunkRoutes } from './trunk-routes.ts'
export { TrunkService } from './trunk-service.ts'
export { TrunkStore } from './trunk-store.ts'
