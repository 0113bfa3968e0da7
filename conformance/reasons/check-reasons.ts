import { type Database, Session } from '#platform/db'
import { type Answer, apiClient, type Platform } from '#testkit'
import { databaseOf, loggedIn } from '../api/two-customers.ts'
import { apiCauses } from './api-causes.ts'
import { callCauses } from './call-causes.ts'
import type { Cause, Scene } from './cause.ts'
import { resourceCauses } from './resource-causes.ts'

/**
 * Every reason of the published catalogue with the way in which it comes about. What breaks the database comes last, and the
 * storm of logins after everything that logs in.
 */
export const CAUSES: readonly Cause[] = [...callCauses, ...resourceCauses, ...apiCauses]

/** What the platform of this run is started with: strangers may be limited, and each request is a line of the log. */
export const REASONS_SETTINGS = {
  RATE_LIMIT_AUTH_PUBLIC_RPS: '5',
  RATE_LIMIT_AUTH_PUBLIC_BURST: '50',
  LOG_LEVEL: 'info',
  SANDBOX_CARRIER: 'on',
}

export interface Provoked {
  cause: Cause
  /** What was answered: status and reason, or what went wrong on the way. */
  answered: string
  passed: boolean
}

/** Provokes each reason in turn on one running platform. */
export async function provokeAll(platform: Platform, report: (one: Provoked) => void = () => {}): Promise<Provoked[]> {
  const db = await databaseOf(platform)
  try {
    const scene = await sceneOn(platform, db)
    const all: Provoked[] = []
    for (const cause of CAUSES) {
      const one = await provoke(cause, scene)
      all.push(one)
      report(one)
    }
    return all
  } finally {
    await db.close()
  }
}

async function provoke(cause: Cause, scene: Scene): Promise<Provoked> {
  try {
    const got = await cause.provoke(scene)
    if ('logged' in got) return { cause, answered: `(log) ${got.logged}`, passed: got.logged === cause.reason }
    return { cause, answered: shown(got), passed: isAsPublished(got, cause) }
  } catch (error) {
    return { cause, answered: error instanceof Error ? error.message : String(error), passed: false }
  }
}

function isAsPublished({ status, body, headers }: Answer, cause: Cause): boolean {
  const { reason, domain, request_id, message } = body?.error ?? {}
  const isNamed = reason === cause.reason && domain === cause.domain
  const isWhole = request_id === headers.get('x-request-id') && typeof message === 'string' && message !== ''
  return status === cause.status && isNamed && isWhole
}

function shown({ status, body, text }: Answer): string {
  return body?.error ? `${status} ${body.error.domain}/${body.error.reason}` : `${status} ${text.slice(0, 200)}`
}

async function sceneOn(platform: Platform, db: Database): Promise<Scene> {
  const { http, credentials } = platform
  const { admin, agent, customer } = credentials
  const root = await loggedIn(platform, admin.username, admin.password)
  return {
    ...{ platform, root, nobody: apiClient(http), key: apiClient(http, { accesskey: customer.accesskey }) },
    admin: await loggedIn(platform, agent.username, agent.password),
    customer: async (name, { verified = false } = {}) => {
      const empty = { detail: '', phone_number: '', address: '', webhook_method: '', webhook_uri: '' }
      const made = await root.post('/v1.0/customers', { ...empty, name, email: `${name}@example.com` })
      const { id, billing_account_id: account } = made.body
      const status = { status: verified ? 'verified' : 'none' }
      await root.put(`/v1.0/customers/${id}/identity_verification_status`, status)
      const lent = await root.post('/auth/delegate', { customer_id: id, reason: 'The reasons are being checked' })
      return { id, account, key: apiClient(http, { token: lent.body.token }) }
    },
    db,
    whileTagsAreLocked: async (work) => {
      const session = await Session.open(db.connection, { name: 'lock' })
      try {
        await session.query('begin')
        await session.query('lock table tags in access exclusive mode')
        return await work()
      } finally {
        await session.end()
      }
    },
  }
}
