import { handle, pageRequest, type Route } from '#platform/http'
import type { Accounts } from './accounts.ts'
import type { Auditor } from './audit/auditor.ts'
import type { Books } from './books.ts'
import {
  addBalance,
  addTokens,
  getAccount,
  getAccountById,
  listAccounts,
  subtractBalance,
  subtractTokens,
  updateAccount,
  updateAccountById,
  updatePaymentInfo,
  updatePaymentInfoById,
  updatePlanById,
  updateStatusById,
} from './contract.ts'
import { getAudit, getBilling, listBillings, rerate } from './ledger-contract.ts'
import { presentAccount, presentForAdmin } from './present.ts'
import { createRateDeck, getRate, getRateDeck, listRateDecks } from './rate/contract.ts'
import type { RateDecks } from './rate/deck-service.ts'
import type { RateDeck } from './rate/rate-deck.ts'
import type { Rerater } from './rerate.ts'

/** What the routes of billing are served by. */
export interface BillingRoutesNeeds {
  accounts: Accounts
  books: Books
  rates: RateDeck
  decks: RateDecks
  rerater: Rerater
  auditor: Auditor
}

/** `/billing_account`, `/billing_accounts`, `/billings`, `/rate_decks` and `/rates` */
export function billingRoutes({ accounts, books, rates, decks, rerater, auditor }: BillingRoutesNeeds): Route[] {
  return [
    handle(getAccount, async ({ customer }) => presentAccount(await accounts.ofCustomer(customer))),
    handle(updateAccount, async ({ customer, body }) => presentAccount(await accounts.changeOwn(customer, body))),
    handle(updatePaymentInfo, async ({ customer, body }) => presentAccount(await accounts.changeOwn(customer, body))),
    handle(listAccounts, async ({ query }) => {
      const { result, next_page_token } = await accounts.list(pageRequest(query))
      return { result: result.map(presentForAdmin), next_page_token }
    }),
    handle(getAccountById, async ({ params }) => presentForAdmin(await accounts.get(params.id))),
    handle(updateAccountById, async ({ params, body }) => presentForAdmin(await accounts.change(params.id, body))),
    handle(updatePaymentInfoById, async ({ params, body }) => presentForAdmin(await accounts.change(params.id, body))),
    handle(updatePlanById, async ({ params, body }) =>
      presentForAdmin(await accounts.setPlan(params.id, body.plan_type)),
    ),
    handle(updateStatusById, async ({ params, body }) =>
      presentForAdmin(await accounts.setStatus(params.id, body.status)),
    ),
    handle(addBalance, async ({ params, body }) => presentForAdmin(await accounts.moveCredit(params.id, 1, body))),
    handle(subtractBalance, async ({ params, body }) =>
      presentForAdmin(await accounts.moveCredit(params.id, -1, body)),
    ),
    handle(addTokens, async ({ params, body }) => presentForAdmin(await accounts.moveTokens(params.id, 1, body.token))),
    handle(subtractTokens, async ({ params, body }) =>
      presentForAdmin(await accounts.moveTokens(params.id, -1, body.token)),
    ),
    handle(listBillings, ({ customer, query }) => books.list(customer, pageRequest(query))),
    handle(rerate, ({ body, signal }) => rerater.rerate(body, signal)),
    handle(getAudit, () => auditor.last()),
    handle(getBilling, ({ customer, params }) => books.get(customer, params.billing_id)),
    handle(listRateDecks, ({ query }) => decks.list(pageRequest(query))),
    handle(createRateDeck, ({ body }) => decks.create(body)),
    handle(getRateDeck, ({ params, query }) => decks.get(params.id, query.prefix ?? '')),
    handle(getRate, async ({ query }) => {
      const { deck_version: rate_deck_version, ...rate } = await rates.rateOf(query)
      return { rate_deck_version, ...rate }
    }),
  ]
}
