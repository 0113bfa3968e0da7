import { type ControlAnswer, carryOutControl, readControlCommand } from './control-commands.ts'
import type { LiveRunner } from './live-runner.ts'
import { carryOutRecording, type RecordingAnswer, readRecordingCommand } from './recording-commands.ts'
import { carryOutStream, readStreamCommand } from './stream-commands.ts'

/** What one live call of one customer is asked; `carryOut` throws the reason of a refusal. */
export interface LiveCommand {
  customer_id: string
  call_id: string
  carryOut(live: LiveRunner): Promise<RecordingAnswer | ControlAnswer>
}

/** Reads a command of any of these kinds from the bus; `undefined` where it is none of them. */
export function readLiveCommand(body: unknown): LiveCommand | undefined {
  const recording = readRecordingCommand(body)
  if (recording) return { ...recording, carryOut: (live) => carryOutRecording(live, recording) }
  const control = readControlCommand(body)
  if (control) return { ...control, carryOut: (live) => carryOutControl(live, control.id, control.control) }
  const stream = readStreamCommand(body)
  return stream && { ...stream, carryOut: (live) => carryOutStream(live, stream) }
}
