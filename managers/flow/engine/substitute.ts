import { MOST_SUBSTITUTED_BYTES } from './limits.ts'

/** Where a name is looked up; `undefined` = there is no such variable. */
export type Lookup = (name: string) => string | undefined

/** `$${name}` stands for the text `${name}`; `${name}` for the variable. A name ends at the first `}` of its line. */
const PLACEHOLDER = /\$(\$?)\{([^}\n]*)\}/g

/** What replacing gave: the value, and the names that no variable has. */
export interface Substituted<T> {
  value: T
  unresolved: string[]
}

/** The placeholders would have grown the options beyond all measure. */
export class SubstitutionTooLarge extends Error {}

/**
 * Replaces every placeholder in the strings of a JSON value, one pass: what was put in is not looked at again. Keys,
 * numbers and booleans stay as they are, those inside arrays too. An unknown name becomes the empty string.
 */
export function substitute<T>(value: T, lookup: Lookup): Substituted<T> {
  const unresolved = new Set<string>()
  let left = MOST_SUBSTITUTED_BYTES
  const replaceIn = (text: string): string => {
    if (!text.includes('${')) return text
    return text.replace(PLACEHOLDER, (whole, dollar: string, name: string) => {
      if (dollar) return whole.slice(1)
      const found = lookup(name)
      if (found === undefined) unresolved.add(name)
      else left -= found.length
      if (left < 0) throw new SubstitutionTooLarge()
      return found ?? ''
    })
  }
  const walk = (node: unknown): unknown => {
    if (typeof node === 'string') return replaceIn(node)
    if (Array.isArray(node)) return node.map(walk)
    if (node === null || typeof node !== 'object') return node
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child)]))
  }
  // the shape is kept: only texts change
  return { value: walk(value) as T, unresolved: [...unresolved] }
}

/** Whether the text has a placeholder that will be replaced when the action runs. */
export function hasPlaceholder(text: string): boolean {
  return [...text.matchAll(PLACEHOLDER)].some(([, dollar]) => !dollar)
}

/** The same JSON value with every text as a placeholder-free one: replacing gives the texts as they are here. */
export function escapePlaceholders<T>(value: T): T {
  const walk = (node: unknown): unknown => {
    if (typeof node === 'string') return node.replace(/\$\{[^}\n]*\}/g, (whole) => `$${whole}`)
    if (Array.isArray(node)) return node.map(walk)
    if (node === null || typeof node !== 'object') return node
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child)]))
  }
  return walk(value) as T // the shape is kept: only texts change
}
