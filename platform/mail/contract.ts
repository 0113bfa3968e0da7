import { type Static, Type } from 'typebox'
import {
  apiErrors,
  endpoint,
  idParams,
  page,
  pageQuery,
  superAdminOnly,
  Timestamp,
  TimestampOrNull,
  Uuid,
} from '#platform/http'
import { MAIL_STATUSES } from './mail.ts'

const fields = {
  id: Uuid,
  customer_id: Uuid,
  kind: Type.String({ examples: ['password_forgot'] }),
  to: Type.String(),
  subject: Type.String({ description: 'Empty until it has been written.' }),
  status: Type.Enum(MAIL_STATUSES, {
    description: 'kept: there is no mail server, and it is in the folder `mails` of the data folder.',
  }),
  attempts: Type.Integer(),
  issue: Type.String({ description: 'Why the last attempt failed.' }),
  tm_due: Type.Union([Timestamp, Type.Null()], { description: 'When it is tried next, while it waits.' }),
  tm_create: Timestamp,
  tm_update: TimestampOrNull,
}

export const ListedMail = Type.Object(fields, { $id: 'ListedMail' })
export type ListedMail = Static<typeof ListedMail>

/** One mail, with its text where nothing could send it. */
export const Mail = Type.Object(
  { ...fields, text: Type.String({ description: 'Of a kept mail; what was sent is its reader’s alone.' }) },
  { $id: 'Mail' },
)
export type Mail = Static<typeof Mail>

export const listMails = endpoint({
  method: 'GET',
  path: '/mails',
  summary: 'List the mails of the platform and what became of them, as super admin',
  allow: superAdminOnly,
  query: Type.Object({ ...pageQuery.properties, status: Type.Optional(Type.Enum(MAIL_STATUSES)) }),
  returns: page(ListedMail),
  errors: [],
})

export const getMail = endpoint({
  method: 'GET',
  path: '/mails/{id}',
  summary: 'Read a mail of the platform, as super admin',
  allow: superAdminOnly,
  params: idParams,
  returns: Mail,
  errors: [apiErrors.RESOURCE_NOT_FOUND],
})
