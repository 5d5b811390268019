/** Events of TMF678, version 4 of which has none: named as those of the other APIs. */
export const customerBillEvents = {
  customerBill: ['Create', 'AttributeValueChange', 'StateChange', 'Overdue', 'Delete'],
  customerBillOnDemand: ['Create', 'AttributeValueChange', 'StateChange', 'Delete'],
  appliedCustomerBillingRate: ['Create', 'AttributeValueChange', 'Delete'],
  billCycle: ['Create', 'AttributeValueChange', 'Delete'],
  billCycleSpecification: ['Create', 'AttributeValueChange', 'Delete'],
  billRun: ['Create', 'AttributeValueChange', 'StateChange'],
} as const;
