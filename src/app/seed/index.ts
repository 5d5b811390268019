import type { Domains } from '../../domain/domains.js';
import type { AppContext } from '../app-context.js';
import { writeDemo } from './demo/demo.js';
import { writeKit } from './kit/kit.js';

/** The sets of data that SEED names. A database gets one of them: the one that it was first started with. */
export async function seed(appContext: AppContext, domains: Domains): Promise<void> {
  if (appContext.config.seed === 'kit') await writeKit(appContext, domains);
  if (appContext.config.seed === 'demo') await writeDemo(appContext);
}
