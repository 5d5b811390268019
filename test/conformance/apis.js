// @ts-check
import { tmf635 } from './tmf635.js';
import { tmf654 } from './tmf654.js';

/** Our own collections, in the order in which they run. A new API is a new line here. */
export const apis = [tmf654, tmf635];
