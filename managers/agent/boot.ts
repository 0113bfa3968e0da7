import type { CustomerService } from '#managers/customer'
import { type DirectResourceType, type Directs, isDirectHash, VISITOR_ACCESS } from '#managers/direct'
import { apiErrors } from '#platform/http'
import type { Boot } from './auth-contract.ts'
import type { Tokens } from './tokens/tokens.ts'

/** What a visitor is told about what it came by, by the type of the resource; `undefined` = nothing. */
export type VisitorData = Readonly<
  Partial<
    Record<DirectResourceType, (customer: string, resource_id: string) => Promise<Record<string, unknown> | undefined>>
  >
>

/** Gives visitors who know a direct hash a token for what the hash reaches. */
export class BootService {
  readonly #directs: Directs
  readonly #customers: CustomerService
  readonly #tokens: Tokens
  readonly #data: VisitorData

  constructor(needs: { directs: Directs; customers: CustomerService; tokens: Tokens; visitorData?: VisitorData }) {
    this.#directs = needs.directs
    this.#customers = needs.customers
    this.#tokens = needs.tokens
    this.#data = needs.visitorData ?? {}
  }

  /** A token for four hours; `INVALID_ARGUMENT` says why there is none. Regenerating the hash ends no token. */
  async boot(direct_hash: string): Promise<Boot> {
    if (!isDirectHash(direct_hash)) refuse('must be direct. and twelve hex digits')
    const direct = (await this.#directs.findByHash(direct_hash)) ?? refuse('reaches nothing')
    const { customer_id, resource_type, resource_id } = direct
    const allowed_resource_types =
      VISITOR_ACCESS[resource_type] ?? refuse(`is of type ${resource_type}, which can be called by telephone only`)
    const customer = await this.#customers.find(customer_id)
    if (customer?.status !== 'active') refuse('belongs to an account that is not active')
    const claims = { customer_id, resource_type, resource_id, allowed_resource_types }
    const { token, expire } = await this.#tokens.sign({ type: 'direct', ...claims })
    const resource_data = await this.#data[resource_type]?.(customer_id, resource_id)
    const booted = { token, type: 'direct' as const, resource_type, resource_id, customer_id, expire }
    return { ...booted, ...(resource_data ? { resource_data } : {}) }
  }
}

function refuse(issue: string): never {
  throw apiErrors.INVALID_ARGUMENT({ field: 'direct_hash', issue })
}
