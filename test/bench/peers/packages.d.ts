/** Installed for the bench alone: the compiler does without their types. */
declare module '@graphile/pg-aggregates';
declare module 'fastify';
declare module 'postgraphile';
declare module 'postgraphile/adaptors/pg';
declare module 'postgraphile/grafserv/node';
declare module 'postgraphile/presets/amber';
declare module 'postgraphile/utils';
declare module 'postgraphile-plugin-connection-filter';
