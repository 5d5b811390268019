/** Events of ours about what is done with what is known of people. */
export const personalDataEvents = {
  partyErasure: ['Create', 'AttributeValueChange', 'StateChange'],
} as const;
