import { apiErrors } from '#platform/http'
import { injectionFaults } from './engine/variables.ts'

/** Throws `INVALID_VARIABLES` when a body's `variables` are more than a request may bring in. */
export function refuseVariables(variables: Readonly<Record<string, string>>): void {
  const faults = injectionFaults(variables).map(({ name, issue }) => ({
    field: name === undefined ? 'variables' : `variables.${name}`,
    pointer: name === undefined ? '/variables' : `/variables/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    issue,
  }))
  if (faults.length > 0) throw apiErrors.INVALID_VARIABLES({ faults })
}
