/** The poke that wakes the delivery: something was stored to be sent. No body. */
export const WEBHOOKS_STORED = 'webhooks.stored'
/** The poke that tells the delivery of a hold that was lifted. No body. */
export const HOLD_LIFTED = 'webhooks.hold_lifted'
