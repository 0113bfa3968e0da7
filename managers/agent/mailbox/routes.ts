import { handle, type Route } from '#platform/http'
import * as contract from './contract.ts'
import type { Mailboxes } from './mailboxes.ts'
import { PASSWORD_PAGE, pageProgram, VERIFY_PAGE } from './pages.ts'

/** `/auth/signup`, `/auth/email-verify` and `/auth/password-*` */
export function mailboxRoutes(mailboxes: Mailboxes): Route[] {
  return [
    handle(contract.signUp, ({ body, ip }) => mailboxes.signups.signUp(body, ip)),
    handle(contract.verifyEmailPage, () => VERIFY_PAGE),
    handle(contract.verifyEmail, async ({ body }) => ({ customer: await mailboxes.verification.verify(body.token) })),
    handle(contract.resendVerification, async ({ body, ip }) => {
      await mailboxes.verification.resend(body.email, ip)
      return {}
    }),
    handle(contract.forgotPassword, async ({ body, ip }) => {
      await mailboxes.resets.forgot(body.username, ip)
      return {}
    }),
    handle(contract.resetPasswordPage, () => PASSWORD_PAGE),
    handle(contract.resetPassword, async ({ body }) => {
      await mailboxes.resets.reset(body.token, body.password)
      return {}
    }),
    handle(contract.pageAsset, () => pageProgram()),
  ]
}
