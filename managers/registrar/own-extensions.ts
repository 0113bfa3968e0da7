import { agentErrors } from '#managers/agent/errors'
import type { Address, Identity, Page } from '#platform/http'
import type { Extension } from './contract.ts'
import { registrarErrors } from './errors.ts'
import type { ExtensionService } from './service.ts'

/** Whoever knows at which addresses agents are reached; agents stand beside extensions, so it is handed in. */
export interface AgentAddresses {
  find(customer: string, agent_id: string): Promise<{ addresses: readonly Address[] } | undefined>
}

/** The extensions that an agent is reached at, for the phone on its desk: those among its own addresses. */
export class OwnExtensions {
  readonly #extensions: ExtensionService
  readonly #agents: AgentAddresses

  constructor(extensions: ExtensionService, agents: AgentAddresses) {
    this.#extensions = extensions
    this.#agents = agents
  }

  /** All of them, in the order of the addresses. */
  async list({ customer_id, agent_id }: Identity): Promise<Page<Extension>> {
    const ids = await this.#ids(customer_id, agent_id)
    const byId = new Map((await this.#extensions.getAll(customer_id, ids)).map((each) => [each.id, each]))
    return { result: ids.flatMap((id) => byId.get(id) ?? []), next_page_token: '' }
  }

  /** One of them; any other looks like one that does not exist. */
  async get({ customer_id, agent_id }: Identity, extension_id: string): Promise<Extension> {
    const ids = await this.#ids(customer_id, agent_id)
    if (!ids.includes(extension_id)) throw registrarErrors.EXTENSION_NOT_FOUND({ extension_id })
    return this.#extensions.get(customer_id, extension_id)
  }

  async #ids(customer: string, agent_id: string): Promise<string[]> {
    const agent = await this.#agents.find(customer, agent_id)
    if (!agent) throw agentErrors.AGENT_NOT_FOUND({ agent_id })
    return agent.addresses.flatMap(({ type, target }) => (type === 'extension' && target ? [target] : []))
  }
}
