import { ReasonedError } from '#platform/errors'
import { readJson } from '#platform/http'
import type { Ids } from '#platform/ids'
import { checkActions, type ListLimits } from './check-actions.ts'
import type { ActionsOutcome } from './engine/index.ts'
import type { WebhookOutcome } from './needs.ts'

/** The largest list of actions that a server may answer with: it is checked where calls wait. Bytes. */
export const MOST_FETCHED_BYTES = 64 * 1024
/** Its actions, and how far one that has a fault is looked at: `ended_detail` tells the first. */
const OF_AN_ANSWER: ListLimits = { actions: 100, faults: 1, whole: 'an answer' }

/** The actions in a server's answer, checked as a saved flow is and with ids where it gave none; else a word for why not. */
export function fetchedActions(answer: WebhookOutcome, ids: Ids): ActionsOutcome {
  if (!answer.ok) return answer
  if (answer.status !== 200) return { ok: false, cause: `status ${answer.status}` }
  if (answer.truncated || Buffer.byteLength(answer.body) > MOST_FETCHED_BYTES)
    return { ok: false, cause: 'answer_too_large' }
  const list = read(answer.body)
  if (!Array.isArray(list)) return { ok: false, cause: 'no_array' }
  const { actions, faults } = checkActions(list, ['actions'], ids, OF_AN_ANSWER)
  const [first] = faults
  return first ? { ok: false, cause: `actions_invalid: ${first.field} ${first.issue}` } : { ok: true, actions }
}

/** `undefined` = no JSON, or what a request could not bring either: nested too deep, or text that no database holds. */
function read(body: string): unknown {
  try {
    return readJson(Buffer.from(body), undefined)
  } catch (error) {
    if (error instanceof ReasonedError) return undefined
    throw error
  }
}
