import type { Database } from '#platform/db'
import { apiErrors, handle, pageRequest, paginate, type Route } from '#platform/http'
import { getMail, type ListedMail, listMails } from './contract.ts'
import type { MailRecord } from './mail.ts'
import { MailStore } from './mail-store.ts'

/** `/mails`, the super admin's. */
export function mailRoutes(db: Database): Route[] {
  const store = new MailStore(db)
  return [
    handle(listMails, async ({ query }) => {
      const request = pageRequest(query)
      const { result, next_page_token } = paginate(await store.list(request, query.status), request.size)
      return { result: result.map(listed), next_page_token }
    }),
    handle(getMail, async ({ params }) => {
      const mail = await store.find(params.id.toLowerCase())
      if (!mail) throw apiErrors.RESOURCE_NOT_FOUND()
      return { ...listed(mail), text: mail.content }
    }),
  ]
}

function listed(mail: MailRecord): ListedMail {
  const { id, customer_id, kind, recipient, subject, status, attempts, issue, tm_due, tm_create, tm_update } = mail
  const next = status === 'waiting' ? tm_due : null
  return {
    ...{ id, customer_id, kind, to: recipient, subject, status, attempts, issue },
    tm_due: next,
    tm_create,
    tm_update,
  }
}
