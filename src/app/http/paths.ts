/** Probes and figures, for programs that look after the server. */
export const probePath = /^\/(?:health\/|metrics(?:[/?]|$))/;
/** Where GraphQL is: requests, and WebSocket. */
export const graphqlPath = /^\/graphql\/?(\?|$)/;
/** Where subscriptions are told as text/event-stream. */
export const eventStreamPath = /^\/graphql\/stream\/?(\?|$)/;
