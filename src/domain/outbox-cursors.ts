/** Tables of those who go through the events, each with how far it has come: what is behind that is kept for it. */
export const outboxCursors = ['BrokerCursor', 'HubCursor', 'SpendCursor'] as const;
