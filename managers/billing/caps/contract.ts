import { type Static, type TProperties, Type } from 'typebox'
import { agentErrors } from '#managers/agent/errors'
import { customerErrors } from '#managers/customer/errors'
import { provisioningErrors } from '#managers/provisioning/errors'
import { registrarErrors } from '#managers/registrar/errors'
import type { Reason } from '#platform/errors'
import { adminOnly, endpoint, idParams, superAdminOnly, Timestamp } from '#platform/http'

const MOST_CALLS = 1_000_000
const MOST_MINUTES = 100_000_000
const MOST_MONEY = 1_000_000_000_000_000
/** Destinations in quarantine that one answer shows. */
export const MOST_QUARANTINED = 1_000

const calls = (description: string) => Type.Integer({ minimum: 0, maximum: MOST_CALLS, description })
const minutes = Type.Integer({ minimum: 0, maximum: MOST_MINUTES, description: 'Of started intervals.' })
const money = Type.Integer({ minimum: 0, maximum: MOST_MONEY, description: 'Micros: 1 USD = 1 000 000.' })

const limitFields = {
  concurrent_calls: calls('Paid calls that go out at the same time, ringing ones included.'),
  calls_per_second: calls('Paid calls that are begun within a second.'),
  minutes_per_hour: minutes,
  minutes_per_day: minutes,
  money_per_hour: money,
  money_per_day: money,
}

const Prefix = Type.String({ pattern: '^\\+[0-9]{1,15}$', examples: ['+1415'] })

const credentialFields = {
  ...limitFields,
  countries: Type.Array(Type.String({ pattern: '^[a-z]{2,16}$', examples: ['us'] }), {
    maxItems: 300,
    description: 'ISO 3166 alpha-2; empty = every country that the customer may call.',
  }),
  prefixes: Type.Array(Prefix, {
    maxItems: 1_000,
    description: 'Beginnings of numbers that may be called; empty = every number.',
  }),
}

const customerFields = {
  ...limitFields,
  paid_refer: Type.Boolean({ description: 'Phones may transfer to paid destinations by themselves (REFER).' }),
  paid_forwarding: Type.Boolean({ description: "Calls to an agent may go on to the agent's telephone numbers." }),
  quarantine_rate: Type.Integer({
    ...{ minimum: 0, maximum: MOST_MONEY },
    description: 'Micros a minute from which on a destination is in quarantine for a day from its first call on.',
  }),
  quarantine_minutes: minutes,
  quarantine_money: money,
  trusted_prefixes: Type.Array(Prefix, { maxItems: 1_000, description: 'Never in quarantine.' }),
}

const Spent = Type.Object(
  {
    minutes: Type.Number({ description: 'Of started intervals of paid calls that went out.' }),
    money: Type.Integer({ description: 'Micros, of all that is metered.' }),
  },
  { $id: 'SpendingSpent' },
)

const Usage = Type.Object(
  { concurrent_calls: Type.Integer(), hour: Spent, day: Spent },
  { $id: 'SpendingUsage', description: 'What goes on, and what was used within the last hour and day.' },
)

const Quarantined = Type.Object(
  {
    destination: Type.String({ description: 'The prefix, or the country, of its rate.', examples: ['+881'] }),
    outside: Type.Boolean({
      description: 'Called by what callers from outside have caused; else by the customer itself.',
    }),
    minutes: Type.Number(),
    money: Type.Integer(),
    tm_create: Timestamp,
    tm_end: Timestamp,
  },
  { $id: 'QuarantinedDestination' },
)

const Ceiling = Type.Object(limitFields, {
  $id: 'SpendingCeiling',
  description: 'What the super admin lets the customer allow itself at the most.',
})
export type Ceiling = Static<typeof Ceiling>

const Outside = Type.Object(
  { ...limitFields, usage: Usage },
  {
    $id: 'SpendingOutside',
    description:
      "What callers from outside may cause, and have: calls that come in, and what their flows call. It counts beside the customer's own, so that neither uses up the other's; as much as the customer's unless said.",
  },
)

/** What bounds the spending of a customer, and what is used of it. */
export const SpendingLimits = Type.Object(
  {
    ...{ ...customerFields, outside: Outside, ceiling: Ceiling, usage: Usage },
    quarantine: Type.Array(Quarantined, { description: `The latest first, ${MOST_QUARANTINED} at most.` }),
  },
  { $id: 'SpendingLimits' },
)
export type SpendingLimitsView = Static<typeof SpendingLimits>

/** What bounds the spending of one credential, within its customer's, and what is used of it. */
export const CredentialSpendingLimits = Type.Object(
  { ...credentialFields, usage: Usage },
  { $id: 'CredentialSpendingLimits' },
)
export type CredentialLimitsView = Static<typeof CredentialSpendingLimits>

const Exposure = Type.Object(
  { money: Type.Integer({ description: 'Micros.' }), minutes: Type.Integer() },
  { $id: 'SpendingExposureWithin' },
)

/** What a leaked credential can cost at the most. */
export const SpendingExposure = Type.Object(
  {
    money: Type.Union([Type.Integer(), Type.Null()], {
      description:
        'If this leaks now, at most so much is spent within a day, in micros, then it stops; `null`: nothing bounds what can be bought.',
    }),
    minutes: Type.Integer({ description: 'The same in minutes of paid calls.' }),
    calls: Type.Object(
      { hour: Exposure, day: Exposure, undecided: Exposure },
      {
        description:
          'What calls and recordings can cost within an hour and a day, and minutes of calls that go out; where it can change flows or what they call, also what callers from outside can cause by that. `undecided` of it is what calls add that talk on while the database is away.',
      },
    ),
    purchases: Type.Union([Type.Integer(), Type.Null()], {
      description: 'What can be bought beside calls, in micros: all that the account has, by who may buy.',
    }),
    bounded_by: Type.Enum(['credential', 'customer'], {
      description:
        '`customer`: it may change its own limits, or make other credentials, so that only those of the customer hold.',
    }),
  },
  { $id: 'SpendingExposure' },
)
export type SpendingExposureView = Static<typeof SpendingExposure>

/** What is left out stays as it is. */
const changeOf = <T extends TProperties>(fields: T) => Type.Partial(Type.Object(fields))

export const CustomerLimitsUpdate = changeOf({
  ...customerFields,
  outside: Type.Partial(Type.Object(limitFields), { description: 'What callers from outside may cause.' }),
})
export type CustomerLimitsUpdate = Static<typeof CustomerLimitsUpdate>
export const CeilingUpdate = changeOf(limitFields)
export type CeilingUpdate = Static<typeof CeilingUpdate>
export const CredentialLimitsUpdate = changeOf(credentialFields)
export type CredentialLimitsUpdate = Static<typeof CredentialLimitsUpdate>

export const getSpendingLimits = endpoint({
  method: 'GET',
  path: '/spending_limits',
  summary: 'Read what bounds your spending on calls, and what is used of it',
  allow: adminOnly,
  returns: SpendingLimits,
  errors: [],
})

export const updateSpendingLimits = endpoint({
  method: 'PUT',
  path: '/spending_limits',
  summary: 'Change what bounds your spending on calls, within your ceiling',
  description: 'What is left out stays as it is.',
  allow: adminOnly,
  body: CustomerLimitsUpdate,
  returns: SpendingLimits,
  errors: [],
})

export const getCeiling = endpoint({
  method: 'GET',
  path: '/customers/{id}/spending_limits',
  summary: "Read the ceiling of a customer's spending limits",
  allow: superAdminOnly,
  params: idParams,
  returns: Ceiling,
  errors: [customerErrors.CUSTOMER_NOT_FOUND],
})

export const updateCeiling = endpoint({
  method: 'PUT',
  path: '/customers/{id}/spending_limits',
  summary: "Change the ceiling of a customer's spending limits",
  description:
    'What is left out stays as it is. A customer that has said nothing of its own has what its ceiling allows.',
  allow: superAdminOnly,
  params: idParams,
  body: CeilingUpdate,
  returns: Ceiling,
  errors: [customerErrors.CUSTOMER_NOT_FOUND],
})

/** The endpoints of one kind of credential: `accesskeys`, … */
export function credentialEndpoints(family: string, name: string, notFound: Reason) {
  const path = `/${family}/{id}/spending_limits`
  const common = { allow: adminOnly, params: idParams, errors: [notFound] }
  return {
    get: endpoint({
      ...{ ...common, method: 'GET', path, returns: CredentialSpendingLimits },
      summary: `Read what bounds the spending of an ${name} on calls, and what is used of it`,
    }),
    update: endpoint({
      ...{ ...common, method: 'PUT', path, body: CredentialLimitsUpdate, returns: CredentialSpendingLimits },
      summary: `Change what bounds the spending of an ${name} on calls`,
      description: 'What is left out stays as it is. The limits of the customer hold beside them.',
    }),
    exposure: endpoint({
      ...{ ...common, method: 'GET', path: `/${family}/{id}/exposure`, returns: SpendingExposure },
      summary: `Read what an ${name} could cost at the most if it leaked now`,
    }),
  }
}

export const ofAgent = credentialEndpoints('agents', 'agent', agentErrors.AGENT_NOT_FOUND)
export const ofAccesskey = credentialEndpoints('accesskeys', 'access key', customerErrors.ACCESSKEY_NOT_FOUND)
export const ofTrunk = credentialEndpoints('trunks', 'trunk', provisioningErrors.TRUNK_NOT_FOUND)
export const ofExtension = credentialEndpoints('extensions', 'extension', registrarErrors.EXTENSION_NOT_FOUND)
