import { type Ids, randomHex } from '#platform/ids'
import type { Owner } from './stack-options.ts'

const PART = /^[A-Za-z0-9]{1,16}$/

/**
 * Every Call-ID, tag and Contact that we make begins with node and incarnation, so that a request for a dialog that this
 * process does not know tells who made it: `n1.k3f9.5b2c…`.
 */
export class Identity {
  readonly owner: Owner
  /** `node.incarnation`, which is also the user part of our Contact. */
  readonly prefix: string
  readonly #ids: Ids
  readonly #branchPrefix: string

  constructor(owner: Owner, ids: Ids) {
    if (!PART.test(owner.node) || !PART.test(owner.incarnation)) {
      throw new Error('node and incarnation are 1 to 16 characters of A-Z, a-z, 0-9')
    }
    this.owner = owner
    this.prefix = `${owner.node}.${owner.incarnation}`
    this.#branchPrefix = `z9hG4bK${this.prefix}.`
    this.#ids = ids
  }

  /** A tag: 64 random bits behind the prefix (§19.3 asks for 32). */
  tag(): string {
    return `${this.prefix}.${randomHex(this.#ids, 8)}`
  }

  callId(): string {
    return `${this.prefix}.${randomHex(this.#ids, 12)}`
  }

  branch(): string {
    return `${this.#branchPrefix}${randomHex(this.#ids, 8)}`
  }

  /** Whether a branch is one that this life of the node has made. */
  isOwnBranch(branch: string): boolean {
    return branch.startsWith(this.#branchPrefix)
  }
}

/** Whose tag, Call-ID or Contact user this is; `undefined` where it is none of ours. */
export function ownerOf(text: string): Owner | undefined {
  const [node, incarnation, ...rest] = text.split('.')
  if (node === undefined || incarnation === undefined || rest.length > 1) return undefined
  return PART.test(node) && PART.test(incarnation) ? { node, incarnation } : undefined
}
