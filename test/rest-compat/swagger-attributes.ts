import { tmf678Attributes } from './swagger-attributes-customer-bill.js';
import { tmf654Attributes } from './swagger-attributes-prepay-balance.js';
import { tmf652Attributes } from './swagger-attributes-resource-order.js';
import { tmf635Attributes } from './swagger-attributes-usage.js';

/** The published swaggers: the attributes of each definition, by the number of the API. */
export const swaggers: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  TMF654: tmf654Attributes,
  TMF635: tmf635Attributes,
  TMF678: tmf678Attributes,
  TMF652: tmf652Attributes,
};
