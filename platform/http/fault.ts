/** One thing that is wrong with what was sent (decision 13): where, in two spellings, and what. */
export interface Fault {
  /** As a reader writes it: `actions[3].option.target_id`. Empty for the body as a whole. */
  field: string
  /** RFC 6901; worked out from `field` where it is left out. */
  pointer?: string
  /** Continues the field's name into a sentence: `is required`, `must be at least 1`. */
  issue: string
}

/** What a validation reason is thrown with: one fault, or all of them. */
export type Faults = Fault | { faults: readonly Fault[] }

/** More are counted in the message, not listed: an answer stays small whatever was sent. */
const MOST_LISTED = 100

/** How many faults the message spells out. */
const MOST_SPELLED = 3

/** The entries of `details`. */
export function faultDetails(facts: Faults): { field: string; pointer: string; issue: string }[] {
  return listOf(facts)
    .slice(0, MOST_LISTED)
    .map(({ field, pointer, issue }) => ({ field, pointer: pointer ?? pointerOf(field), issue }))
}

/** The sentence of a validation answer. */
export function faultMessage(facts: Faults): string {
  const faults = listOf(facts)
  const spelled = faults.slice(0, MOST_SPELLED).map(({ field, issue }) => `${field || 'The request body'} ${issue}`)
  const more = faults.length - spelled.length
  return `${spelled.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`
}

/** JSON Schema of one entry of `details`, for the catalogue. */
export const faultSchema = {
  type: 'object',
  required: ['field', 'pointer', 'issue'],
  properties: { field: { type: 'string' }, pointer: { type: 'string' }, issue: { type: 'string' } },
} as const

function listOf(facts: Faults): readonly Fault[] {
  return 'faults' in facts ? facts.faults : [facts]
}

/** `actions[3].option` as RFC 6901: `/actions/3/option`. */
function pointerOf(field: string): string {
  if (field === '') return ''
  return `/${field
    .replace(/\[(\d+)\]/g, '.$1')
    .replace(/~/g, '~0')
    .replace(/\//g, '~1')
    .replace(/^\./, '')
    .replaceAll('.', '/')}`
}
