import type { MachineVerdict } from './amd/judge.ts'

/** How a prompt ended. */
export type PromptOutcome =
  /** To its end. */
  | 'played'
  /** Something else was wanted, or the endpoint closed. */
  | 'stopped'
  /** To its end, but at least one file could not be read or decoded and was left out. */
  | 'unreadable'

/**
 * Why a stream ended by itself: nobody was there, the connection broke or what came was not AudioSocket, the program said that it failed, or our worker
 * crashed.
 */
export type StreamIssue = 'unreachable' | 'broken' | 'refused' | 'worker_restarted'

/** What an endpoint tells its owner. */
export type MediaEvent =
  /** A key was pressed and released (or held for 10 s); once per press. */
  | { type: 'digit'; digit: string; durationMs: number; method: 'telephone_event' | 'inband' }
  /** Exactly one for each prompt that was wanted. `unreadable` names the files left out, with the reason. */
  | {
      type: 'prompt_finished'
      prompt_id: string
      outcome: PromptOutcome
      unreadable: { file: string; issue: string }[]
    }
  /** Once for each `detect`: who answered, as far as sound tells. */
  | ({ type: 'answered_by' } & MachineVerdict)
  /** The first packet of the other side was accepted. */
  | { type: 'media_started'; address: string; port: number }
  /** The first packet of ours has left. */
  | { type: 'media_sending' }
  /** What is accepted comes from another address from now on. */
  | { type: 'media_moved'; address: string; port: number }
  /** Nothing came for `silentMs` although something should; once, until something comes again. */
  | { type: 'media_lost'; silentMs: number }
  /** Something came again after `media_lost`. */
  | { type: 'media_resumed' }
  /** Its files are open: what is heard and said from now on is in them. */
  | { type: 'recording_started'; recording_id: string }
  /**
   * Exactly one for each recording that was wanted, whatever happens; it may come after `statistics` and `failed`. Its
   * files are closed and equally long (where it is `stalled`, only once the disk answers again). `issue` tells why it is
   * not complete: a `RecordingIssue`.
   */
  | { type: 'recording_ended'; recording_id: string; duration_ms: number; complete: boolean; issue?: string }
  /** The program is there: it hears, and is heard, from now on. */
  | { type: 'stream_started'; stream_id: string }
  /**
   * Exactly one for each stream that was wanted; without an issue the program or we ended it. `dropped` counts frames of 20
   * ms that were lost because it read, or sent, at another pace than sound passes.
   */
  | { type: 'stream_ended'; stream_id: string; dropped: number; issue?: StreamIssue }
  /** The last word of an endpoint about its sound, when it closes. */
  | { type: 'statistics'; statistics: EndpointStatistics }
  /** The worker had crashed; the endpoint lives on, on its old ports, with what was last wanted. */
  | { type: 'restarted' }
  /** The endpoint is gone for good (its ports could not be had again, or it failed); nothing follows but the end of a recording. */
  | { type: 'failed'; issue: string }

export interface PacketCount {
  packets: number
  octets: number
}

/** What an endpoint has seen and done so far. */
export interface EndpointStatistics {
  sent: PacketCount
  received: {
    packets: number
    octets: number
    /** Expected by sequence numbers but never seen (RFC 3550 A.3); never below 0. */
    lost: number
    duplicates: number
    /** Came after a later one. */
    reordered: number
  }
  /** Part of the expected packets that never came, 0 to 1. */
  loss: number
  /** Interarrival jitter of what we receive (RFC 3550 A.8), milliseconds. */
  jitterMs: number
  /** From the last RTCP report of the other side; `null` before the first. */
  roundTripMs: number | null
  /** What the other side reports about what we send; `null` before its first report. */
  remote: { loss: number; jitterMs: number } | null
  rtcp: { sent: PacketCount; received: PacketCount }
  /** Estimated listening quality, 1 to 4.5 (E-model from loss, jitter and round trip). */
  mos: number
  /** Everything that came and was not used, by reason. */
  dropped: Readonly<Record<string, number>>
}
