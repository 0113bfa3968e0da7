/** What the sample number says, recorded: a menu that offers an echo test. */
export const SAMPLE_FLOW_ACTIONS = [
  { type: 'answer' },
  { type: 'recording_start' },
  {
    type: 'talk',
    option: { text: 'Welcome to Strowger. Press 1 for an echo test.', language: 'en-US' },
  },
  { type: 'digits_receive', option: { duration: 10_000, length: 1 } },
  { type: 'branch', option: { target_ids: { '1': 'one' }, default_target_id: 'goodbye' } },
  { id: 'one', type: 'talk', option: { text: 'You pressed one.', language: 'en-US' } },
  { type: 'echo', option: { duration: 20_000 } },
  { id: 'goodbye', type: 'talk', option: { text: 'Goodbye.', language: 'en-US' } },
  { type: 'hangup' },
]
