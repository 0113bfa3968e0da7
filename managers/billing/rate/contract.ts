import { type Static, Type } from 'typebox'
import { apiErrors, endpoint, idParams, page, pageQuery, superAdminOnly, Timestamp, Uuid } from '#platform/http'
import { COST_TYPES, type CostType } from '../cost.ts'
import { billingErrors } from '../errors.ts'

/** Of one unit: tokens, or micros. */
const MOST_PER_UNIT = 1_000_000_000_000
const DAY_SECONDS = 86_400
/** What the database counts versions up to. */
const MOST_VERSION = 2_147_483_647
/** Rows of a deck that one answer shows. */
export const MOST_SHOWN = 1_000

/** What one unit costs: of calls to some numbers, or of everything of its kind. */
export const RateFields = Type.Object({
  cost_type: Type.Enum(COST_TYPES),
  prefix: Type.Optional(
    Type.String({
      pattern: '^[0-9]{0,15}$',
      default: '',
      examples: ['4420'],
      description: 'Digits after the + that the number begins with; the longest one decides. Empty for every number.',
    }),
  ),
  country: Type.Optional(
    Type.String({
      pattern: '^([a-z]{2}|sandbox)?$',
      default: '',
      examples: [''],
      description: 'ISO 3166 code, lower case, for the numbers of a country that no prefix names.',
    }),
  ),
  token_per_unit: Type.Integer({ minimum: 0, maximum: MOST_PER_UNIT, description: '0: tokens do not pay for it.' }),
  credit_per_unit: Type.Integer({ minimum: 0, maximum: MOST_PER_UNIT, description: 'Micros.' }),
  unit_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: DAY_SECONDS,
      description: 'Seconds of a unit, each started one counts; 60 unless said. 0 where a unit is one thing.',
    }),
  ),
})
export type RateFields = Static<typeof RateFields>

/** A version of the prices. It never changes: what changes is which version is in force. */
export const RateDeckSummary = Type.Object(
  {
    id: Uuid,
    version: Type.Integer(),
    name: Type.String(),
    detail: Type.String(),
    tm_from: Type.String({ format: 'date-time', description: 'It prices what starts from then on.' }),
    tm_create: Timestamp,
  },
  { $id: 'RateDeckSummary' },
)
export type RateDeckSummary = Static<typeof RateDeckSummary>

export const RateDeckView = Type.Object(
  {
    ...RateDeckSummary.properties,
    rates: Type.Array(Type.Required(RateFields), { description: `By cost type and prefix, ${MOST_SHOWN} at most.` }),
    is_whole: Type.Boolean({ description: 'False: it has more rates than are shown.' }),
  },
  { $id: 'RateDeck' },
)
export type RateDeckView = Static<typeof RateDeckView>

/** The standard prices: tokens and micros of a unit. */
const STANDARD: Readonly<Record<CostType, readonly [number, number]>> = {
  call_pstn_outgoing: [0, 10_000],
  call_pstn_incoming: [0, 10_000],
  call_vn: [1, 1_000],
  call_extension: [0, 0],
  call_direct_ext: [0, 0],
  sms: [0, 10_000],
  email: [0, 10_000],
  number: [0, 5_000_000],
  number_renew: [0, 5_000_000],
  tts: [3, 30_000],
  recording: [3, 30_000],
}
const standard = COST_TYPES.map((cost_type) => {
  const [token_per_unit, credit_per_unit] = STANDARD[cost_type]
  return { cost_type, token_per_unit, credit_per_unit }
})

export const NewRateDeck = Type.Object(
  {
    name: Type.String({ maxLength: 255 }),
    detail: Type.Optional(Type.String({ maxLength: 1024, default: '' })),
    tm_from: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'In the future, also once all rates are written; as soon as every process knows it unless said.',
      }),
    ),
    based_on: Type.Optional(
      Type.Integer({
        ...{ minimum: 1, maximum: MOST_VERSION },
        description: 'Takes every rate of this version that is not among the new ones.',
      }),
    ),
    rates: Type.Array(RateFields, {
      maxItems: 10_000,
      description: 'With one for every cost type that names neither prefix nor country.',
    }),
  },
  { examples: [{ name: 'spring', detail: '', rates: standard }] },
)
export type NewRateDeck = Static<typeof NewRateDeck>

export const listRateDecks = endpoint({
  method: 'GET',
  path: '/rate_decks',
  summary: 'List the versions of the prices, as super admin',
  allow: superAdminOnly,
  query: pageQuery,
  returns: page(RateDeckSummary),
  errors: [],
})

export const getRateDeck = endpoint({
  method: 'GET',
  path: '/rate_decks/{id}',
  summary: 'Read a version of the prices, as super admin',
  allow: superAdminOnly,
  params: idParams,
  query: Type.Object({
    prefix: Type.Optional(
      Type.String({ pattern: '^[0-9]{0,15}$', default: '', description: 'Only rates whose prefix begins so.' }),
    ),
  }),
  returns: RateDeckView,
  errors: [billingErrors.RATE_DECK_NOT_FOUND],
})

export const createRateDeck = endpoint({
  method: 'POST',
  path: '/rate_decks',
  summary: 'Make a new version of the prices, as super admin; charges that have begun keep theirs',
  allow: superAdminOnly,
  body: NewRateDeck,
  returns: RateDeckSummary,
  errors: [apiErrors.INVALID_ARGUMENT, billingErrors.RATE_DECK_NOT_FOUND],
  // a million rates are copied within ten seconds
  deadlineMs: 60_000,
})

/** What something costs that starts now. */
export const RateView = Type.Object(
  { rate_deck_version: Type.Integer(), ...Type.Required(RateFields).properties },
  { $id: 'Rate' },
)

export const getRate = endpoint({
  method: 'GET',
  path: '/rates',
  summary: 'Look up what something costs that starts now, as super admin',
  allow: superAdminOnly,
  query: Type.Object({
    cost_type: Type.Enum(COST_TYPES),
    number: Type.Optional(
      Type.String({
        pattern: '^(\\+[0-9]{1,15})?$',
        default: '',
        examples: ['+447700900123'],
        description: 'E.164 (its + written as %2B), where the price depends on it.',
      }),
    ),
  }),
  returns: RateView,
  errors: [apiErrors.INVALID_ARGUMENT],
})
