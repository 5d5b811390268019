// @ts-check
/** Preloaded into a server beside which the outbox is measured: that one writes no events, and is the same in all else. */
import { register } from 'node:module';

register(new URL('./without-outbox-hooks.js', import.meta.url));
