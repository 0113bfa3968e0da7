import type { Reasons } from '#platform/bus'
import { catalogues } from './catalogue.ts'

/** Every declared reason by `domain/REASON`, so that an error which crosses threads comes back as what it was. */
export const reasons: Reasons = new Map(
  catalogues.flatMap((catalogue) => Object.values(catalogue).map((each) => [`${each.domain}/${each.reason}`, each])),
)
