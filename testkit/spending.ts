import { apiClient } from './http.ts'
import type { Platform } from './platform.ts'

const MANY = 1_000_000
/** A billion dollars, in micros. */
const MUCH = 1_000_000_000_000_000

const LIMITS = {
  ...{ concurrent_calls: MANY, calls_per_second: MANY, minutes_per_hour: MANY, minutes_per_day: MANY },
  ...{ money_per_hour: MUCH, money_per_day: MUCH },
}

/** Lets the sample customer and its access key make paid calls faster than people do, as far as the credit goes. */
export async function liftSpendingLimits({ http, credentials }: Platform): Promise<void> {
  const { body: login } = await apiClient(http).post('/auth/login', credentials.admin)
  const root = apiClient(http, { token: login.token })
  const own = apiClient(http, { accesskey: credentials.customer.accesskey })
  const { body: keys } = await own.get('/v1.0/accesskeys')
  const answers = [
    await root.put(`/v1.0/customers/${credentials.customer.id}/spending_limits`, LIMITS),
    await own.put('/v1.0/spending_limits', LIMITS),
  ]
  for (const { id } of keys.result) answers.push(await own.put(`/v1.0/accesskeys/${id}/spending_limits`, LIMITS))
  const refused = answers.find(({ status }) => status !== 200)
  if (refused) throw new Error(`the limits could not be lifted: ${refused.text}`)
}
