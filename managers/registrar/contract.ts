import { type Static, Type } from 'typebox'
import { agentErrors } from '#managers/agent/errors'
import {
  adminOrManager,
  endpoint,
  idParams,
  page,
  pageQuery,
  Timestamp,
  TimestampOrNull,
  typedIdParams,
  Uuid,
} from '#platform/http'
import { registrarErrors } from './errors.ts'

/** A phone that is registered for an extension. */
const Contact = Type.Object({
  uri: Type.String({ description: 'As the phone wrote it.', examples: ['sip:2000@192.0.2.20:5060'] }),
  user_agent: Type.String({
    description: 'What the phone calls itself; empty where it does not say.',
    examples: ['Yealink T46S'],
  }),
  tm_create: Timestamp,
  tm_update: Timestamp,
  tm_expire: Timestamp,
})

/** A SIP user of a customer. Its password is shown in the answers of creation and update only. */
export const Extension = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    name: Type.String(),
    detail: Type.String(),
    extension: Type.String({ description: 'The SIP user.' }),
    domain_name: Type.String({ description: 'The customer id: the registrar is <domain_name>.registrar.<base>.' }),
    username: Type.String({ description: 'The digest user name; equal to the extension.' }),
    password: Type.String({ description: 'Shown in the answers of creation and update; empty otherwise.' }),
    direct_hash: Type.String(),
    contacts: Type.Array(Contact, {
      description: 'Where phones are registered for it now; those that ran out are not there.',
    }),
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'Extension' },
)
export type Extension = Static<typeof Extension>

/** The shortest and the longest password of an extension, in characters. */
export const EXTENSION_PASSWORD_MIN = 6
export const EXTENSION_PASSWORD_MAX = 128

const Password = Type.String({
  minLength: EXTENSION_PASSWORD_MIN,
  maxLength: EXTENSION_PASSWORD_MAX,
  description: 'At least six characters, and not the extension itself.',
})

export const ExtensionCreate = Type.Object({
  extension: Type.String({
    minLength: 1,
    maxLength: 64,
    description: "SIP user characters: letters, digits and any of - _ . ! ~ * ' ( ) & = + $ , ; ? /",
  }),
  password: Password,
  name: Type.String(),
  detail: Type.String(),
})
export type ExtensionCreate = Static<typeof ExtensionCreate>

export const ExtensionUpdate = Type.Object({ name: Type.String(), detail: Type.String(), password: Password })
export type ExtensionUpdate = Static<typeof ExtensionUpdate>

export const listExtensions = endpoint({
  method: 'GET',
  path: '/extensions',
  summary: 'List extensions',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(Extension),
  errors: [],
})

export const createExtension = endpoint({
  method: 'POST',
  path: '/extensions',
  summary: 'Create an extension',
  allow: adminOrManager,
  body: ExtensionCreate,
  returns: Extension,
  errors: [registrarErrors.EXTENSION_ALREADY_EXISTS, registrarErrors.RESOURCE_LIMIT_EXCEEDED],
})

export const getExtension = endpoint({
  method: 'GET',
  path: '/extensions/{id}',
  summary: 'Read an extension',
  allow: adminOrManager,
  params: idParams,
  returns: Extension,
  errors: [registrarErrors.EXTENSION_NOT_FOUND],
})

export const updateExtension = endpoint({
  method: 'PUT',
  path: '/extensions/{id}',
  summary: 'Replace name, detail and password of an extension; another password unregisters its phones',
  allow: adminOrManager,
  params: idParams,
  body: ExtensionUpdate,
  returns: Extension,
  errors: [registrarErrors.EXTENSION_NOT_FOUND],
})

export const deleteExtension = endpoint({
  method: 'DELETE',
  path: '/extensions/{id}',
  summary: 'Delete an extension and its registrations',
  allow: adminOrManager,
  params: idParams,
  returns: Extension,
  errors: [registrarErrors.EXTENSION_NOT_FOUND],
})

export const regenerateExtensionHash = endpoint({
  method: 'POST',
  path: '/extensions/{id}/direct-hash-regenerate',
  summary: 'Replace the direct hash of an extension; the old one is dead at once',
  allow: adminOrManager,
  params: typedIdParams,
  returns: Extension,
  errors: [registrarErrors.EXTENSION_NOT_FOUND],
})

export const listOwnExtensions = endpoint({
  method: 'GET',
  path: '/service_agents/extensions',
  summary: 'List the extensions that you are reached at, in the order of your addresses; all on one page',
  allow: 'agent',
  query: pageQuery,
  returns: page(Extension),
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const getOwnExtension = endpoint({
  method: 'GET',
  path: '/service_agents/extensions/{id}',
  summary: 'Read an extension that you are reached at',
  allow: 'agent',
  params: idParams,
  returns: Extension,
  errors: [agentErrors.AGENT_NOT_FOUND, registrarErrors.EXTENSION_NOT_FOUND],
})
