import { type Static, Type } from 'typebox'
import { adminOrManager, endpoint, idParams, page, pageQuery, Timestamp, TimestampOrNull, Uuid } from '#platform/http'
import { tagErrors } from './errors.ts'

/** A word that agents and queues share: a queue finds the agents who have any of its tags. */
export const Tag = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    name: Type.String(),
    detail: Type.String(),
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'Tag' },
)
export type Tag = Static<typeof Tag>

export const TagFields = Type.Object({ name: Type.String(), detail: Type.String() })
export type TagFields = Static<typeof TagFields>

export const listTags = endpoint({
  method: 'GET',
  path: '/tags',
  summary: 'List tags',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(Tag),
  errors: [],
})

export const createTag = endpoint({
  method: 'POST',
  path: '/tags',
  summary: 'Create a tag',
  allow: adminOrManager,
  body: TagFields,
  returns: Tag,
  errors: [],
})

export const getTag = endpoint({
  method: 'GET',
  path: '/tags/{id}',
  summary: 'Read a tag',
  allow: adminOrManager,
  params: idParams,
  returns: Tag,
  errors: [tagErrors.TAG_NOT_FOUND],
})

export const updateTag = endpoint({
  method: 'PUT',
  path: '/tags/{id}',
  summary: 'Replace name and detail of a tag',
  allow: adminOrManager,
  params: idParams,
  body: TagFields,
  returns: Tag,
  errors: [tagErrors.TAG_NOT_FOUND],
})

export const deleteTag = endpoint({
  method: 'DELETE',
  path: '/tags/{id}',
  summary: 'Delete a tag; agents who have it lose it',
  allow: adminOrManager,
  params: idParams,
  returns: Tag,
  errors: [tagErrors.TAG_NOT_FOUND],
})

export const listAgentTags = endpoint({
  method: 'GET',
  path: '/service_agents/tags',
  summary: 'List the tags of your customer, as an agent',
  allow: 'agent',
  query: pageQuery,
  returns: page(Tag),
  errors: [],
})

export const getAgentTag = endpoint({
  method: 'GET',
  path: '/service_agents/tags/{id}',
  summary: 'Read a tag of your customer, as an agent',
  allow: 'agent',
  params: idParams,
  returns: Tag,
  errors: [tagErrors.TAG_NOT_FOUND],
})
