// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import { sequentialIds } from '#platform/ids'
import { ACTION_TYPES } from '../actions/index.ts'
import { checkActions } from '../check-actions.ts'
import type { Action } from '../flow.ts'
import type { Dice } from './dice.ts'
import { uuid } from './virtual-flow.ts'

/** Flows that random flows fetch and are followed by. */
export const OTHER_FLOWS = [uuid(0xf1), uuid(0xf2), uuid(0xf3)] as const

/** What random flows are made of. */
export interface RandomFlowOptions {
  /** Flows to fetch. */
  flows?: readonly [string, ...string[]]
  /** Types that do not occur. */
  without?: readonly string[]
  /** The longest wait of an action. Milliseconds. */
  longestMs?: number
  /** Where its requests go, in place of places that nobody asks. */
  url?: string
}

const TEXTS = ['Hello', 'Press 1', 'You said ${voipbin.call.digits}', '<speak>${name}</speak>'] as const
const DESTINATIONS = [{ type: 'sip', target: 'a@example.com' }]
const OPERATORS = ['==', '!=', '>', '>=', '<', '<='] as const
const URLS = ['https://example.com/a', 'https://example.com/b'] as const

/** A list of actions that can be saved, of any types, with jumps to anywhere in it. */
export function randomFlow(dice: Dice, options: RandomFlowOptions = {}): Action[] {
  const types = ACTION_TYPES.filter((type) => !options.without?.includes(type))
  for (;;) {
    const count = 1 + dice.integer(10)
    const written = Array.from({ length: count }, (_, at) => randomAction(dice, at, count, types, options))
    const { actions, faults } = checkActions(written, ['actions'], sequentialIds(dice.integer(1_000_000_000)))
    if (faults.length === 0) return actions
  }
}

function randomAction(
  dice: Dice,
  at: number,
  count: number,
  types: readonly string[],
  options: RandomFlowOptions,
): object {
  const type = types[dice.integer(types.length)] ?? 'stop'
  const target = () => `a${dice.integer(count)}`
  const next = dice.chance(0.1) ? { next_id: target() } : {}
  return { id: `a${at}`, type, option: optionsOf(type, dice, target, options), ...next }
}

function optionsOf(
  type: string,
  dice: Dice,
  target: () => string,
  { flows = OTHER_FLOWS, longestMs = 20_000, url }: RandomFlowOptions,
): object {
  const duration = dice.integer(longestMs)
  switch (type) {
    case 'talk':
      return { text: dice.pick(TEXTS), digits_handle: dice.pick(['', 'next']), async: dice.chance(0.2) }
    case 'play':
      return { stream_urls: [dice.pick(URLS)] }
    case 'sleep':
    case 'echo':
    case 'stream_echo':
      return { duration }
    case 'digits_receive':
      return { duration, length: dice.integer(4), key: dice.pick(['', '#', '*#']) }
    case 'digits_send':
      return { digits: dice.pick(['', '1', '12#']) }
    case 'goto':
      return { target_id: target(), ...(dice.chance(0.7) ? { loop_count: dice.integer(4) } : {}) }
    case 'branch':
      return { target_ids: { '': target(), '1': target(), '2': target() }, default_target_id: target() }
    case 'condition_variable': {
      const value = dice.pick([{ value_type: 'string' }, { value_type: 'number' }, { value_type: 'length' }])
      return { condition: dice.pick(OPERATORS), variable: 'name', ...value, false_target_id: target() }
    }
    case 'condition_datetime':
      return { condition: dice.pick(OPERATORS), hour: dice.integer(24), false_target_id: target() }
    case 'condition_call_digits':
      return { length: dice.integer(3), key: '1', false_target_id: target() }
    case 'condition_call_status':
      return { status: dice.pick(['ringing', 'progressing']), false_target_id: target() }
    case 'variable_set':
      return { key: dice.pick(['name', 'voipbin.call.digits', 'voipbin.call.id']), value: dice.pick(TEXTS) }
    case 'webhook_send':
      return { uri: url ?? dice.pick(URLS), sync: dice.chance(0.5), data: '${name}' }
    case 'fetch':
      return { event_url: url ?? dice.pick(URLS) }
    case 'fetch_flow':
      return { flow_id: dice.pick(flows) }
    case 'connect':
      return { destinations: DESTINATIONS, relay_reason: dice.chance(0.3) }
    case 'call':
      return { destinations: DESTINATIONS, chained: dice.chance(0.5), actions: [{ type: 'beep' }] }
    case 'email_send':
      return { destinations: [{ type: 'email', target: 'a@example.com' }] }
    case 'message_send':
      return { destinations: [{ type: 'tel', target: '+15550100001' }] }
    case 'recording_start':
      return { duration: dice.integer(10), beep_start: dice.chance(0.5) }
    case 'external_media_start':
      return { external_host: 'example.com:4000' }
    case 'ai_talk':
    case 'ai_task':
      return { assistance_id: uuid(7) }
    case 'queue_join':
      return { queue_id: uuid(7) }
    case 'conference_join':
      return { conference_id: uuid(7) }
    case 'confbridge_join':
      return { confbridge_id: uuid(7) }
    case 'conversation_send':
      return { conversation_id: uuid(7) }
    default:
      return {}
  }
}
