import { handle, handleSigned, type Route } from '#platform/http'
import { createPortalSession } from '../contract.ts'
import { takePaddleNotice } from './contract.ts'
import type { PaddleEvents } from './paddle-events.ts'
import type { PaddlePortal } from './paddle-portal.ts'

/** `/billing/paddle` and `/billing_account/paddle_portal_session` */
export function paddleRoutes({ events, portal }: { events: PaddleEvents; portal: PaddlePortal }): Route[] {
  return [
    handleSigned(takePaddleNotice, async ({ bytes, signature }) => {
      await events.take(bytes, signature)
      return { status: 'ok' as const }
    }),
    handle(createPortalSession, ({ customer }) => portal.open(customer)),
  ]
}
