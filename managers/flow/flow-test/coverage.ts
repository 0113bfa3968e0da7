import { NIL_UUID } from '#platform/ids'
import type { Move } from '../engine/index.ts'
import { ACTION_ID_FINISH, type Action } from '../flow.ts'
import type { FlowTestBranch, FlowTestCoverage } from './report.ts'

/** Which actions of a flow ran, and which ways out of those that decide were taken. */
export class Coverage {
  readonly #actions: readonly Action[]
  readonly #ran = new Map<string, number>()
  readonly #taken = new Map<string, number>()

  constructor(actions: readonly Action[]) {
    this.#actions = actions
  }

  note({ executed, current }: Move): void {
    this.#ran.set(current.id, (this.#ran.get(current.id) ?? 0) + 1)
    if (!executed) return
    const way = wayOf(executed.id, current.id)
    this.#taken.set(way, (this.#taken.get(way) ?? 0) + 1)
  }

  report(): FlowTestCoverage {
    const actions = this.#actions.map(({ id, type }) => ({ action_id: id, type, times: this.#ran.get(id) ?? 0 }))
    const branches = this.#actions.flatMap((action, at) =>
      branchesOf(action, this.#actions[at + 1]?.id ?? ACTION_ID_FINISH).map((branch) => ({
        ...branch,
        times: this.#taken.get(wayOf(branch.action_id, branch.target_id)) ?? 0,
      })),
    )
    return { actions, branches, actions_covered: shareOf(actions), branches_covered: shareOf(branches) }
  }
}

const wayOf = (from: string, to: string) => `${from} ${to}`

function shareOf(list: readonly { times: number }[]): number {
  return list.length === 0 ? 1 : list.filter(({ times }) => times > 0).length / list.length
}

/** The ways out of an action that decides, by where they lead; those of other actions are of no interest. */
function branchesOf(action: Action, following: string): Omit<FlowTestBranch, 'times'>[] {
  const next = action.next_id === NIL_UUID ? following : action.next_id
  const ways = waysOf(action, next).filter(([, target]) => target !== NIL_UUID)
  return [...Map.groupBy(ways, ([, target]) => target)].map(([target_id, same]) => ({
    action_id: action.id,
    target_id,
    ways: same.map(([way]) => way),
  }))
}

/** Names of ways and where they lead; targets that a variable decides are nobody's to foresee. */
function waysOf({ type, option = {} }: Action, next: string): [string, string][] {
  const target = (name: string) => (typeof option[name] === 'string' ? option[name] : NIL_UUID)
  if (type.startsWith('condition_'))
    return [
      ['true', next],
      ['false', target('false_target_id')],
    ]
  if (type === 'goto')
    return option.loop_count === undefined
      ? []
      : [
          ['jump', target('target_id')],
          ['next', next],
        ]
  if (type !== 'branch') return []
  const byDefault = target('default_target_id')
  const values = Object.entries(option.target_ids ?? {}).map(([value, id]): [string, string] => [
    `=${value}`,
    String(id),
  ])
  return [...values, ['default', byDefault === NIL_UUID ? next : byDefault]]
}
