declare module 'pg/lib/utils.js' {
  const utils: {
    /** How the driver writes a parameter. */
    prepareValue(value: unknown): string | Buffer | null
  }
  export default utils
}
