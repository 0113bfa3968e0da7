import { type Static, Type } from 'typebox'
import { Accesskey, Customer } from '#managers/customer/contract'
import { apiErrors, endpoint, fileSchema } from '#platform/http'
import { AGENT_PASSWORD_MAX, AGENT_PASSWORD_MIN } from '../contract.ts'
import { TOKEN_PATTERN } from './mailed-tokens.ts'

const TEXT_MAX = 1024
const Token = Type.String({
  pattern: TOKEN_PATTERN,
  description: 'Of the link in the mail: 64 hex digits.',
  examples: ['a3f1'.repeat(16)],
})
const Nothing = Type.Object({})
const open = { root: 'too', allow: 'public' } as const
const { INVALID_WEBHOOK_METHOD, INVALID_WEBHOOK_URI, RATE_LIMIT_EXCEEDED } = apiErrors

const text = () => Type.Optional(Type.String({ maxLength: TEXT_MAX }))

export const SignUp = Type.Object({
  email: Type.String({ maxLength: TEXT_MAX, description: 'It becomes the username of the first admin, too.' }),
  accepted_tos: Type.Boolean({ const: true, description: 'That the terms of service are agreed to.' }),
  name: text(),
  detail: text(),
  phone_number: text(),
  address: text(),
  webhook_method: Type.Optional(Type.String({ description: 'POST, GET, PUT, DELETE, or empty for POST.' })),
  webhook_uri: Type.Optional(Type.String({ description: 'Absolute http or https URI; empty for no webhook.' })),
})
export type SignUp = Static<typeof SignUp>

export const signUp = endpoint({
  ...open,
  method: 'POST',
  path: '/auth/signup',
  summary: 'Become a customer',
  description:
    'The access key works at once and is shown here only; a mail asks to confirm the e-mail address within an hour. ' +
    'The answer is empty when the e-mail address is none or belongs to somebody already, who then gets a mail about it.',
  body: SignUp,
  returns: Type.Object(
    { customer: Type.Optional(Customer), accesskey: Type.Optional(Accesskey) },
    { $id: 'SignupResult' },
  ),
  errors: [INVALID_WEBHOOK_METHOD, INVALID_WEBHOOK_URI, RATE_LIMIT_EXCEEDED],
})

export const verifyEmail = endpoint({
  ...open,
  method: 'POST',
  path: '/auth/email-verify',
  summary: 'Confirm the e-mail address of a customer by the token of a mail',
  description: 'The customer is active then, and its first admin is sent a link to set a password.',
  body: Type.Object({ token: Token }),
  returns: Type.Object({ customer: Customer }, { $id: 'EmailVerifyResult' }),
  errors: [],
})

export const resendVerification = endpoint({
  ...open,
  method: 'POST',
  path: '/auth/email-verify-resend',
  summary: 'Have the mail that confirms an e-mail address sent again',
  description: 'The answer is the same whether there is somebody to send it to or not.',
  body: Type.Object({ email: Type.String({ maxLength: TEXT_MAX }) }),
  returns: Nothing,
  errors: [RATE_LIMIT_EXCEEDED],
})

export const forgotPassword = endpoint({
  ...open,
  method: 'POST',
  path: '/auth/password-forgot',
  summary: 'Have a link sent by which an agent sets a new password',
  description: 'The answer is the same whether there is such an agent or not.',
  body: Type.Object({ username: Type.String({ maxLength: TEXT_MAX, description: 'The e-mail address.' }) }),
  returns: Nothing,
  errors: [RATE_LIMIT_EXCEEDED],
})

export const resetPassword = endpoint({
  ...open,
  method: 'POST',
  path: '/auth/password-reset',
  summary: 'Set the password of an agent by the token of a mail; all its logins end',
  body: Type.Object({
    token: Token,
    password: Type.String({ minLength: AGENT_PASSWORD_MIN, maxLength: AGENT_PASSWORD_MAX }),
  }),
  returns: Nothing,
  errors: [],
})

const page = {
  ...open,
  method: 'GET',
  query: Type.Object({ token: Token }),
  returns: Type.String(),
  page: 'program',
  errors: [],
} as const

export const verifyEmailPage = endpoint({
  ...page,
  path: '/auth/email-verify',
  summary: 'The page that a mail links to, which confirms an e-mail address',
})

export const resetPasswordPage = endpoint({
  ...page,
  path: '/auth/password-reset',
  summary: 'The page that a mail links to, which sets a password',
})

export const ASSETS = ['mailbox.js'] as const

export const pageAsset = endpoint({
  ...open,
  method: 'GET',
  path: '/auth/assets/{file}',
  summary: 'What these pages are made of',
  params: Type.Object({ file: Type.Enum(ASSETS) }),
  returns: fileSchema,
  files: ['text/javascript'],
  errors: [],
})

/** One answer for every token that cannot be used, so that nobody learns why. */
export function refuseToken(issue = 'is unknown, was used, or is too old'): never {
  throw apiErrors.INVALID_ARGUMENT({ field: 'token', issue })
}
