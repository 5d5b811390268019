/** Events of ours about who uses the server; a tenant's are told to the operator. */
export const tenancyEvents = {
  tenant: ['Create', 'AttributeValueChange', 'StateChange'],
  apiKey: ['Create', 'AttributeValueChange'],
} as const;
