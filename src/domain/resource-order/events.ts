/** Events of TMF652. InformationRequired goes with the move of an order to pending. */
export const resourceOrderEvents = {
  resourceOrder: ['Create', 'AttributeValueChange', 'StateChange', 'InformationRequired', 'Delete'],
  cancelResourceOrder: ['Create', 'AttributeValueChange', 'StateChange'],
} as const;
