/** Text to speech: `createSpeech` renders text into WAV files that the media worker plays. */
export { createSpeech } from './create-speech.ts'
export type { Speech, SpeechNeeds, SpeechOptions, SpokenText } from './speech.ts'
export { SpeechError } from './speech-error.ts'
export type { Voice, VoiceRequest } from './voice.ts'
