/** The operators of the conditions. */
export const OPERATORS = ['==', '!=', '>', '>=', '<', '<='] as const
export type Operator = (typeof OPERATORS)[number]

/** Whether `left OP right` holds, of a difference below, at or above 0. An unknown operator never holds. */
export function compare(operator: Operator, difference: number): boolean {
  switch (operator) {
    case '==':
      return difference === 0
    case '!=':
      return difference !== 0
    case '>':
      return difference > 0
    case '>=':
      return difference >= 0
    case '<':
      return difference < 0
    case '<=':
      return difference <= 0
    default:
      return false
  }
}
