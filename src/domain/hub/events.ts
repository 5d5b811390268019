/** Events of ours about registrations. They are told to nobody who has registered: a dead letter would make another one. */
export const hubEvents = {
  hub: ['Create', 'AttributeValueChange', 'Delete'],
  hubDeadLetter: ['StateChange'],
} as const;
