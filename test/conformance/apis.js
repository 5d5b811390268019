// @ts-check
import { tmf635 } from './tmf635.js';
import { tmf652 } from './tmf652.js';
import { tmf654 } from './tmf654.js';
import { tmf678 } from './tmf678.js';

/** Our own collections, in the order in which they run. A new API is a new line here. */
export const apis = [tmf654, tmf635, tmf678, tmf652];
