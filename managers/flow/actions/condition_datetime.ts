import { type Static, Type } from 'typebox'
import { NIL_UUID } from '#platform/ids'
import { done, jump } from '../engine/outcome.ts'
import { compare, OPERATORS } from './compare.ts'
import { actionReference, defineAction } from './define-action.ts'

const options = Type.Object({
  condition: Type.Enum(OPERATORS),
  minute: Type.Optional(Type.Integer({ minimum: -1, maximum: 59, description: '-1 or absent = any.' })),
  hour: Type.Optional(Type.Integer({ minimum: -1, maximum: 23, description: '-1 or absent = any.' })),
  day: Type.Optional(Type.Integer({ minimum: -1, maximum: 31, description: '0, -1 or absent = any.' })),
  month: Type.Optional(Type.Integer({ minimum: -1, maximum: 12, description: '0, -1 or absent = any.' })),
  weekdays: Type.Optional(
    Type.Array(Type.Integer({ minimum: 0, maximum: 6 }), { maxItems: 7, description: '0 = Sunday; empty = any.' }),
  ),
  false_target_id: actionReference('Where to go when it does not hold.'),
})
type Options = Static<typeof options>

export const condition_datetime = defineAction({
  type: 'condition_datetime',
  summary: 'Goes on when the present time (UTC) compares as asked, else jumps.',
  needs: 'any',
  onFailure: 'end',
  options,
  start: (options, { now_ms }) => (holds(now_ms, options) ? done() : jump(options.false_target_id ?? NIL_UUID)),
})

/**
 * now OP option, over the fields that are given: as one moment (month, day, hour, minute), so that "before 17:00" holds
 * at 9:30. The weekday is a matter of its own.
 */
function holds(nowMs: number, options: Options): boolean {
  const { condition, month = 0, day = 0, hour = -1, minute = -1, weekdays = [] } = options
  const now = new Date(nowMs)
  if (weekdays.length > 0 && !weekdays.includes(now.getUTCDay())) return false
  const fields = [
    { now: now.getUTCMonth() + 1, asked: month, any: month <= 0 },
    { now: now.getUTCDate(), asked: day, any: day <= 0 },
    { now: now.getUTCHours(), asked: hour, any: hour < 0 },
    { now: now.getUTCMinutes(), asked: minute, any: minute < 0 },
  ].filter(({ any }) => !any)
  if (fields.length === 0) return true
  const difference = fields.map((field) => field.now - field.asked).find((part) => part !== 0) ?? 0
  return compare(condition, difference)
}
