import { MPEGDecoder } from 'mpg123-decoder'

/** Decodes a mono MP3 file, by somebody else's decoder. */
export async function readMp3File(file: Uint8Array): Promise<{ samples: Int16Array; sampleRateHz: number }> {
  const decoder = new MPEGDecoder()
  await decoder.ready
  const { channelData, sampleRate } = decoder.decode(file)
  decoder.free()
  const [left = new Float32Array()] = channelData
  return { samples: Int16Array.from(left, (sample) => Math.round(sample * 32_767)), sampleRateHz: sampleRate }
}
