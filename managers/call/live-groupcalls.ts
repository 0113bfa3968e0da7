import type { GroupcallCommand, GroupcallCommandAnswer } from './groupcall-commands.ts'
import type { GroupcallRunner } from './groupcall-runner.ts'

/** The groupcalls that live on this node, or whose last write is not on disk yet, and what the API asks of them. */
export class LiveGroupcalls {
  readonly #groups = new Map<string, GroupcallRunner>()

  admit(group: GroupcallRunner): void {
    this.#groups.set(group.id, group)
  }

  release(group: GroupcallRunner): void {
    void group.written.then(() => this.#groups.delete(group.id))
  }

  /** Finds a live groupcall without a disk. A foreign one looks exactly like an unknown one. */
  end(
    command: GroupcallCommand & { type: 'hangup' | 'end' },
  ): GroupcallCommandAnswer | Promise<GroupcallCommandAnswer> {
    const group = this.#groups.get(command.groupcall_id)
    const { customer_id, status } = group?.snapshot() ?? {}
    if (!group || customer_id !== command.customer_id) return { live: false }
    group.hangup('normal', undefined, 'api')
    const answer = (): GroupcallCommandAnswer => ({
      live: true,
      groupcall: group.snapshot(),
      wasOver: status === 'hangup',
    })
    if (command.type === 'hangup') return answer()
    return new Promise((resolve) => group.whenStored(() => resolve(answer())))
  }
}
