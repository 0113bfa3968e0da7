import { handle, handleSigned, type Route } from '#platform/http'
import { createPortalSession } from '../contract.ts'
import { takePaddleNotice } from './contract.ts'
import type { Paddle } from './paddle.ts'

/** `/billing/paddle` and `/billing_account/paddle_portal_session` */
export function paddleRoutes(paddle: Paddle): Route[] {
  return [
    handleSigned(takePaddleNotice, async ({ bytes, signature }) => {
      await paddle.events.take(bytes, signature)
      return { status: 'ok' as const }
    }),
    handle(createPortalSession, ({ customer }) => paddle.portal.open(customer)),
  ]
}
