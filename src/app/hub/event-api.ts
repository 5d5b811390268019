import { apis } from '../../../rest-compat/apis/index.js';
import { resourcesOfApis } from '../../domain/events.js';

/** An API as events name it. */
export interface EventApi {
  /** E.g. TMF654. */
  readonly number: string;
  /** E.g. v4. */
  readonly version: string;
}

/** The API that tells events of a resource; undefined: it is ours, and no API has it. */
export function apiOf(resourceType: string): EventApi | undefined {
  const [number] = Object.entries(resourcesOfApis).find(([, resources]) => resources.includes(resourceType)) ?? [];
  return apis.find((api) => api.number === number);
}
