/** Octets of the head that we write before the sound. */
export const WAV_HEADER_BYTES = 44

/** Writes the head of a WAV file with `sampleCount` 16-bit mono samples to the start of `into`. */
export function writeWavHeader(into: Buffer, sampleCount: number, sampleRateHz: number): void {
  into.write('RIFF', 0, 'latin1')
  into.writeUInt32LE(WAV_HEADER_BYTES - 8 + sampleCount * 2, 4)
  into.write('WAVEfmt ', 8, 'latin1')
  into.writeUInt32LE(16, 16)
  into.writeUInt16LE(1, 20)
  into.writeUInt16LE(1, 22)
  into.writeUInt32LE(sampleRateHz, 24)
  into.writeUInt32LE(sampleRateHz * 2, 28)
  into.writeUInt16LE(2, 32)
  into.writeUInt16LE(16, 34)
  into.write('data', 36, 'latin1')
  into.writeUInt32LE(sampleCount * 2, 40)
}

/** A whole WAV file of 16-bit mono samples. */
export function writeWav(samples: Int16Array, sampleRateHz = 8_000): Buffer {
  const file = Buffer.alloc(WAV_HEADER_BYTES + samples.length * 2)
  writeWavHeader(file, samples.length, sampleRateHz)
  for (let i = 0; i < samples.length; i++) file.writeInt16LE(samples[i] as number, WAV_HEADER_BYTES + i * 2)
  return file
}
