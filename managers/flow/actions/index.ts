/** Every type of action, by its name. A new one is a file and a line here. */
import { amd } from './amd.ts'
import { answer } from './answer.ts'
import { beep } from './beep.ts'
import { block } from './block.ts'
import { branch } from './branch.ts'
import { call } from './call.ts'
import { condition_call_digits } from './condition_call_digits.ts'
import { condition_call_status } from './condition_call_status.ts'
import { condition_datetime } from './condition_datetime.ts'
import { condition_variable } from './condition_variable.ts'
import { connect } from './connect.ts'
import type { AnyAction } from './define-action.ts'
import { digits_receive } from './digits_receive.ts'
import { digits_send } from './digits_send.ts'
import { echo } from './echo.ts'
import { fetch } from './fetch.ts'
import { fetch_flow } from './fetch_flow.ts'
import { goto } from './goto.ts'
import { hangup } from './hangup.ts'
import { ofOtherManagers } from './of-other-managers.ts'
import { play } from './play.ts'
import { recording_start } from './recording_start.ts'
import { recording_stop } from './recording_stop.ts'
import { sleep } from './sleep.ts'
import { stop } from './stop.ts'
import { stream_echo } from './stream_echo.ts'
import { talk } from './talk.ts'
import { variable_set } from './variable_set.ts'
import { webhook_send } from './webhook_send.ts'

const all: readonly AnyAction[] = [
  amd,
  answer,
  beep,
  block,
  branch,
  call,
  condition_call_digits,
  condition_call_status,
  condition_datetime,
  condition_variable,
  connect,
  digits_receive,
  digits_send,
  echo,
  fetch,
  fetch_flow,
  goto,
  hangup,
  play,
  recording_start,
  recording_stop,
  sleep,
  stop,
  stream_echo,
  talk,
  variable_set,
  webhook_send,
  ...ofOtherManagers,
]

/** The definitions by type. */
export const actions: ReadonlyMap<string, AnyAction> = new Map(all.map((action) => [action.type, action]))

/** Every type that a flow may have, in alphabetical order. */
export const ACTION_TYPES: readonly string[] = [...actions.keys()].sort()
