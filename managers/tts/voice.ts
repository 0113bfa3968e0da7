/** What a voice is asked to speak. */
export interface VoiceRequest {
  /** BCP 47, e.g. `en-US`; empty = the voice's own. */
  language: string
  /** The provider's name of a voice; empty or unknown = the voice's default for the language. */
  voice_id: string
  /** Chooses among the voice's defaults where `voice_id` says nothing. */
  gender: string
  signal: AbortSignal
}

/** One way to turn text into sound. */
export interface Voice {
  /** The provider name by which it is chosen, e.g. `flite`. */
  readonly name: string
  /** Whether it can be used here and speaks the language (BCP 47) at all. */
  speaks(language: string): Promise<boolean>
  /** Speaks plain text (no markup) into a WAV file's bytes, of any rate. Throws when it cannot. */
  render(text: string, request: VoiceRequest): Promise<Uint8Array>
  /** Ends whatever it keeps running. */
  stop?(): Promise<void>
}
