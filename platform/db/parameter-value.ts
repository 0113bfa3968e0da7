import utils from 'pg/lib/utils.js'
import type { ParameterValue } from './pipeline.ts'

/** A value as the driver writes it for the server: text, bytes, an array literal, JSON. */
export function parameterValue(value: unknown): ParameterValue {
  return utils.prepareValue(value)
}
