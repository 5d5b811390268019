import { alertSettings } from './alert-settings.js';
import { brokerSettings } from './broker-settings.js';
import { callbackSettings } from './callback-settings.js';

/** Settings of events: whom they are told, and how. */
export const eventSettings = { ...callbackSettings, ...alertSettings, ...brokerSettings } as const;
