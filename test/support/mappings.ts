import { resourceNamed } from '../../graphql/attribute.js';
import { mappingOf } from '../../graphql/resource-mapping.js';
import { createSchema } from '../../graphql/schema.js';
import { lowerFirst } from '../../src/platform/letter-case.js';
import type { ResourceMapping } from '../../src/platform/read/resource-mapping.js';

/** How every resource that is stored is stored, by its name. */
export async function storedMappings(): Promise<ResourceMapping[]> {
  const schema = await createSchema();
  return Object.keys(schema.getTypeMap())
    .sort()
    .flatMap((name): ResourceMapping[] => {
      try {
        return [mappingOf(resourceNamed(lowerFirst(name)))];
      } catch {
        // Not stored.
        return [];
      }
    });
}
