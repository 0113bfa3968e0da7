import type { Line } from './line.ts'
import type { ReplacedDialog } from './transfer.ts'

/** A line as the directory sees it. */
export type ListedLine = Pick<Line, 'id' | 'dialog' | 'ended' | 'answered'>

export type Found<L> =
  /** Its line; `early` = it is a call of ours that is not answered yet. */
  | { readonly line: L; readonly early: boolean }
  /** What the one who asks deserves: 481 there is no such dialog, 486 it is answered already, 603 it is over. */
  | { readonly status: 481 | 486 | 603 }

/**
 * The lines of this process by the identifiers of their dialogs: what an INVITE with Replaces, or a REFER with Replaces in
 * its URI, means (RFC 3891 §3). Whose customer's line it is, is looked at by whoever asks: another customer's is 481 too.
 */
export class LineDirectory<L extends ListedLine = Line> {
  readonly #lines = new Map<string, L>()

  get size(): number {
    return this.#lines.size
  }

  /** A line says this of itself as soon as its dialog has an identity. */
  add(line: L): void {
    this.#lines.set(keyOf(line.dialog.call_id, line.dialog.local_tag), line)
  }

  remove(line: L): void {
    const key = keyOf(line.dialog.call_id, line.dialog.local_tag)
    if (this.#lines.get(key) === line) this.#lines.delete(key)
  }

  find(wanted: ReplacedDialog): Found<L> {
    const line = this.#lines.get(keyOf(wanted.call_id, wanted.to_tag))
    if (!line || line.dialog.remote_tag !== wanted.from_tag) return { status: 481 }
    if (line.ended) return { status: 603 }
    if (line.answered) return wanted.early_only ? { status: 486 } : { line, early: false }
    // an early dialog that its phone began cannot be taken over: nobody has answered there
    return line.dialog.role === 'uac' ? { line, early: true } : { status: 481 }
  }
}

/** Our tag is nobody else's, so that the phone's, which an unanswered call does not know yet, need not be in here. */
function keyOf(call_id: string, local_tag: string): string {
  return `${call_id}|${local_tag}`
}
