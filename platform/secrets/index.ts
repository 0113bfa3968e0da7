/** Secrets that the platform must be able to read again: encrypted where they are stored. */
export { SecretBox } from './secret-box.ts'
