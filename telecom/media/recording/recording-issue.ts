/** Why a recording is not complete. */
export type RecordingIssue =
  /** No room on the disk, or over the quota. */
  | 'disk_full'
  /** Its folder is missing or not ours to write to. */
  | 'not_writable'
  /** A file of that name is there already. */
  | 'exists'
  /** Longer than a WAV file may be (2 GiB, 37 hours). */
  | 'too_long'
  /** The disk did not take the sound in time, or does not answer. */
  | 'stalled'
  /** The thread that listened or wrote had to be started again: what was in its hands is silence. */
  | 'worker_restarted'
  /** The disk refused for another reason. */
  | 'failed'

const OF_CODE: Readonly<Record<string, RecordingIssue>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EFBIG: 'too_long',
  EEXIST: 'exists',
  ENOENT: 'not_writable',
  ENOTDIR: 'not_writable',
  EACCES: 'not_writable',
  EPERM: 'not_writable',
  EROFS: 'not_writable',
  EISDIR: 'not_writable',
  ELOOP: 'not_writable',
  ENAMETOOLONG: 'not_writable',
}

/** The word for an error of the file system. */
export function issueOf(error: unknown): RecordingIssue {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return OF_CODE[code] ?? 'failed'
}
