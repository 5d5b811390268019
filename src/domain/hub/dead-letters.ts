import type { Database } from '../../platform/database/database.js';
import type { Answer } from '../../platform/write/command.js';
import type { Change, WriteContext } from '../changes.js';
import { ResourceWriter } from '../resource-writer.js';
import type { HubDeadLetterRow, HubDependencies } from './model.js';

/** Events that could not be delivered: made and deleted by the delivery; clients ask for them to be sent again. */
export class HubDeadLetters extends ResourceWriter<'hubDeadLetter', HubDeadLetterRow, object> {
  constructor(database: Database, dependencies: HubDependencies) {
    super(database, dependencies, {
      resource: 'hubDeadLetter',
      mapping: dependencies.mappings.hubDeadLetter,
      state: 'state',
      fromInput: () => ({}),
      complete: () => {
        throw new Error('the delivery makes dead letters');
      },
    });
  }

  /** Has an event sent once more; one that waits for it already stays as it is. Throws NOT_FOUND, REVISION_MISMATCH. */
  resend(context: WriteContext, which: Omit<Change, 'input'>): Promise<Answer<HubDeadLetterRow>> {
    return this.change(context, 'resendHubDeadLetter', which, {}, () => ({ state: 'waiting' }));
  }
}
