/** Whose routes are everybody's (`provisioning.md` §3). */
export const DEFAULT_ROUTES_CUSTOMER = '00000000-0000-0000-0000-000000000001'
