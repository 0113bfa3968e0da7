/** Direct hashes: `direct.<12 hex>`, by which anybody may call one resource without credentials. */
export {
  DIRECT_RESOURCE_TYPES,
  type Direct,
  type DirectResourceType,
  type Directs,
  type DirectTarget,
  isDirectHash,
  VISITOR_ACCESS,
} from './direct.ts'
export { migrations } from './migrations/index.ts'
export { directRoutes } from './routes.ts'
export { DirectService } from './service.ts'
