// What Apollo Federation calls what it adds to a schema.

/** The union of all that a supergraph may ask for by a key. */
export const entityUnion = '_Entity';
/** Of the root: what may be asked for so, and the schema as a subgraph has it. */
export const entitiesField = '_entities';
export const serviceField = '_service';
