/** What the api role asks the call role beside commands for calls and flows. */
export const CALL_HEALTH = 'call.health'
export const CALL_METRICS = 'call.metrics'
