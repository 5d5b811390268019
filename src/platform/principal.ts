/** Who sends a request. Until authentication exists every request is the anonymous user of the default tenant. */
export interface Principal {
  readonly tenantId: string;
  readonly id: string;
}

export const anonymous: Principal = { tenantId: 'default', id: 'anonymous' };
