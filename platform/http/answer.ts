import { type Catalogue, InvariantError, ReasonedError } from '#platform/errors'

/** Headers of an answer that belong to what was done, not to the connection. */
type OwnHeaders = Partial<Record<'location' | 'set-cookie', string | readonly string[]>>

/** A successful answer before it is sent: `text` is its JSON, none where the answer is empty. */
export interface Answer {
  code: number
  headers: OwnHeaders
  text?: string
}

/** An answer in the form in which it is kept for repeats: what was answered, or the refusal. */
type Kept = { answer: Answer } | { refusal: { domain: string; reason: string; message: string; details: object[] } }

/** Writes an answer down. */
export function keepAnswer(answer: Answer): string {
  return JSON.stringify({ answer } satisfies Kept)
}

/** Writes a refusal down: the repeat is refused in the same words, under a request id of its own. */
export function keepRefusal({ domain, reason, message, details }: ReasonedError): string {
  return JSON.stringify({ refusal: { domain, reason, message, details: [...details] } } satisfies Kept)
}

/** Reads what was written down: gives the answer, or throws the refusal again. */
export function readKept(text: string, catalogues: readonly Catalogue[]): Answer {
  const kept: Kept = JSON.parse(text)
  if ('answer' in kept) return kept.answer
  const { domain, reason, message, details } = kept.refusal
  for (const catalogue of catalogues) {
    const known = catalogue[reason]
    if (known?.domain === domain)
      throw new ReasonedError({ domain, reason, declaration: known.declaration, message, details })
  }
  throw new InvariantError(`a kept answer has the unknown reason ${domain}/${reason}`)
}
