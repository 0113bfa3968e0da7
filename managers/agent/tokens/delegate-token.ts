import { idOf, type TokenKind } from './claims.ts'

/** What delegate tokens are for; one for somebody else is not taken. */
const AUDIENCE = 'voipbin-api'

/** What the token of a super admin who acts inside a customer says: who, as of which version, where, and by which row. */
export interface DelegateClaims {
  type: 'delegate'
  delegation_id: string
  customer_id: string
  agent_id: string
  agent_customer_id: string
  token_version: number
}

export const delegateToken: TokenKind<DelegateClaims> = {
  seconds: 8 * 3_600,
  payload: ({ delegation_id, customer_id, agent_id, agent_customer_id, token_version }) => ({
    ...{ jti: delegation_id, sub: agent_id, aud: AUDIENCE },
    ...{ customer_id, agent_customer_id, token_version },
  }),
  read(payload) {
    const { aud, token_version } = payload
    const delegation_id = idOf(payload, 'jti')
    const agent_id = idOf(payload, 'sub')
    const customer_id = idOf(payload, 'customer_id')
    const agent_customer_id = idOf(payload, 'agent_customer_id')
    if (aud !== AUDIENCE || !delegation_id || !agent_id || !customer_id || !agent_customer_id) return undefined
    if (typeof token_version !== 'number') return undefined
    return { type: 'delegate', delegation_id, customer_id, agent_id, agent_customer_id, token_version }
  },
}
