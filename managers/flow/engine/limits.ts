/** The bounds of one execution (`flows.md` §4.4 and §4.6, `variables.md` §2). */

/**
 * An advance is refused when this many have been made and one more: a flow runs at most 101 actions. Every turn of the
 * interpreter's loop is an advance, skipped actions included, so this is its guard as well.
 */
export const MOST_STEPS = 100
/** Stacks inside each other. */
export const MOST_STACKS = 100
/** Executions in one on-complete chain; the last has `complete_count` 4. */
export const MOST_COMPLETIONS = 5

/** Variables that one request may bring in. */
export const MOST_INJECTED = 100
/** Bytes of one value. */
export const MOST_VALUE_BYTES = 32 * 1024
/** Bytes of all names and values that one request may bring in. */
export const MOST_INJECTED_BYTES = 64 * 1024
/** Bytes of all names and values of an activeflow. */
export const MOST_VARIABLES_BYTES = 256 * 1024
/** Variables of an activeflow: each write copies the map. */
export const MOST_VARIABLES = 1_000
/** Bytes of text that the placeholders of one action may grow to: all variables once. */
export const MOST_SUBSTITUTED_BYTES = MOST_VARIABLES_BYTES
/** Placeholders that are replaced in one action. */
export const MOST_PLACEHOLDERS = 10_000

/** The longest wait of an action: what a timer can hold, about 24.8 days. Milliseconds. */
export const LONGEST_WAIT_MS = 2_147_483_647
/** The longest value of a variable that an action is shown to have written. Characters. */
export const LONGEST_SHOWN_VALUE = 1_000
