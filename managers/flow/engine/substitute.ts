import { MOST_PLACEHOLDERS, MOST_SUBSTITUTED_BYTES } from './limits.ts'

/** Where a name is looked up; `undefined` = there is no such variable. */
export type Lookup = (name: string) => string | undefined

/** Where a name ends: at the first `}`; or, when its line ends before, it is none. */
const NAME_END = /[}\n]/g

/** A `${name}` in a text, from `start` up to `end`. */
interface Placeholder {
  start: number
  end: number
  name: string
}

/**
 * The placeholders of a text, in order. Written by people we do not know and as long as a request, so each character is
 * looked at a bounded number of times: where a line ends before a name does, nothing before that is looked at again.
 */
function* placeholders(text: string): Generator<Placeholder> {
  const nameEnd = new RegExp(NAME_END)
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', nameEnd.lastIndex)) {
    nameEnd.lastIndex = start + 2
    const found = nameEnd.exec(text)
    if (!found) return
    if (found[0] === '}') yield { start, end: found.index + 1, name: text.slice(start + 2, found.index) }
  }
}

/** `$${name}` stands for the text `${name}`; `${name}` for the variable. */
const isEscaped = (text: string, { start }: Placeholder, from: number) => start > from && text[start - 1] === '$'

/** The text with each of its placeholders replaced; `from` is where the one before it ended. */
function replacing(text: string, written: (placeholder: Placeholder, from: number) => string): string {
  let replaced = ''
  let from = 0
  for (const placeholder of placeholders(text)) {
    replaced += written(placeholder, from)
    from = placeholder.end
  }
  return from === 0 ? text : replaced + text.slice(from)
}

/** What replacing gave: the value, and the names that no variable has. */
export interface Substituted<T> {
  value: T
  unresolved: string[]
}

/** The placeholders would have grown the options beyond all measure, or are too many. */
export class SubstitutionTooLarge extends Error {}

/**
 * Replaces every placeholder in the strings of a JSON value, one pass: what was put in is not looked at again. Keys,
 * numbers and booleans stay as they are, those inside arrays too. An unknown name becomes the empty string.
 */
export function substitute<T>(value: T, lookup: Lookup): Substituted<T> {
  const unresolved = new Set<string>()
  let left = MOST_SUBSTITUTED_BYTES
  let times = 0
  const replaceIn = (text: string): string => {
    return replacing(text, (placeholder, from) => {
      const { start, end, name } = placeholder
      if (isEscaped(text, placeholder, from)) return text.slice(from, start - 1) + text.slice(start, end)
      const found = lookup(name)
      if (found === undefined) unresolved.add(name)
      else left -= found.length
      if (left < 0 || ++times > MOST_PLACEHOLDERS) throw new SubstitutionTooLarge()
      return text.slice(from, start) + (found ?? '')
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
  let from = 0
  for (const placeholder of placeholders(text)) {
    if (!isEscaped(text, placeholder, from)) return true
    from = placeholder.end
  }
  return false
}

/** The same JSON value with every text as a placeholder-free one: replacing gives the texts as they are here. */
export function escapePlaceholders<T>(value: T): T {
  const walk = (node: unknown): unknown => {
    if (typeof node === 'string')
      return replacing(node, ({ start, end }, from) => `${node.slice(from, start)}$${node.slice(start, end)}`)
    if (Array.isArray(node)) return node.map(walk)
    if (node === null || typeof node !== 'object') return node
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child)]))
  }
  return walk(value) as T // the shape is kept: only texts change
}
