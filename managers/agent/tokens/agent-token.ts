import { LOGIN_SECONDS } from '../auth-contract.ts'
import { idOf, type TokenKind } from './claims.ts'

/** What a login token says: who, and as of which version of the agent. What the agent may do is read at each request. */
export interface AgentClaims {
  type: 'agent'
  agent_id: string
  customer_id: string
  token_version: number
}

export const agentToken: TokenKind<AgentClaims> = {
  seconds: LOGIN_SECONDS,
  payload: ({ agent_id: id, customer_id, token_version }) => ({ agent: { id, customer_id }, token_version }),
  read({ agent, token_version }) {
    const agent_id = idOf(agent, 'id')
    const customer_id = idOf(agent, 'customer_id')
    if (!agent_id || !customer_id || typeof token_version !== 'number') return undefined
    return { type: 'agent', agent_id, customer_id, token_version }
  },
}
