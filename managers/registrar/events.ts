import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Extension } from './contract.ts'

const about =
  (type: string) =>
  ({ contacts: _, ...extension }: Extension): NewEvent => ({
    customer_id: extension.customer_id,
    type,
    resource: 'extension',
    resource_id: extension.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: { ...extension, password: '' },
  })

/** What happens to extensions; a password is never announced. */
export const registrarEvents = {
  extension_created: about('extension_created'),
  extension_updated: about('extension_updated'),
  extension_deleted: about('extension_deleted'),
}
