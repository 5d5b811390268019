import type { Broker } from '../../domain/hub/index.js';
import { spanned, type Tracing } from '../../platform/tracing.js';

/** A broker whose messages go on with the traces of the changes they are about. */
export function traced(broker: Broker, tracing: Tracing): Broker {
  return {
    name: broker.name,
    connect: () => broker.connect(),
    disconnect: () => broker.disconnect(),
    publish: (message) => {
      const { id, eventType, traceParent } = message.event;
      const attributes = { 'messaging.system': broker.name, 'messaging.message.id': id };
      const origin = traceParent ? { traceparent: traceParent } : undefined;
      const span = tracing.begin(`publish ${eventType}`, { kind: 'producer', attributes }, origin);
      return spanned(span, () => broker.publish({ ...message, trace: span.headers() }));
    },
  };
}
