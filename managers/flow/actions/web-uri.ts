import { Type } from 'typebox'

/** An option that names a place on the web. Where it may lead is for whoever goes there to judge. */
export const webUri = (description: string) =>
  Type.String({ pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^/?#\\s]+', maxLength: 8192, description })
