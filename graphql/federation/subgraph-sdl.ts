import {
  Kind,
  parse,
  print,
  visit,
  type ConstDirectiveNode,
  type GraphQLSchema,
  type ObjectTypeDefinitionNode,
} from 'graphql';
import { resourceKeys } from '../node/nodes.js';
import { printedSchema } from '../sdl.js';

/** Of Federation 2, the first version that has all that is used here. */
const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])`;

/** What every subgraph with connections has, and answers alike. */
const shareable: ReadonlySet<string> = new Set(['PageInfo']);

/** The schema as a subgraph of Apollo Federation has it: each resource is an entity, known by its key. */
export function subgraphSdl(schema: GraphQLSchema): string {
  const keys = resourceKeys(schema);
  const document = visit(parse(printedSchema(schema)), {
    ObjectTypeDefinition: (node): ObjectTypeDefinitionNode => {
      const key = keys.get(node.name.value);
      const added = [
        ...(key === undefined ? [] : [directive('key', { fields: key })]),
        ...(shareable.has(node.name.value) ? [directive('shareable')] : []),
      ];
      return { ...node, directives: [...(node.directives ?? []), ...added] };
    },
  });
  return `${link}\n\n${print(document)}\n`;
}

function directive(name: string, args: Readonly<Record<string, string>> = {}): ConstDirectiveNode {
  const named = (value: string) => ({ kind: Kind.NAME, value }) as const;
  return {
    kind: Kind.DIRECTIVE,
    name: named(name),
    arguments: Object.entries(args).map(([argument, value]) => ({
      kind: Kind.ARGUMENT,
      name: named(argument),
      value: { kind: Kind.STRING, value },
    })),
  };
}
