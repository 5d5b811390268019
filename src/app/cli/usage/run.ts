import { runCommands } from '../administration/command.js';
import { serverHelp } from '../remote/client.js';
import { exportFile } from './export.js';
import { importFile } from './import.js';

export const help = `tmf-balance-server usage import [options] <file>
tmf-balance-server usage export [options] <file>
  Sends a file of usages to a running server, or fetches one from it: .ndjson, .jsonl or .csv, also with .gz behind it; - is standard
  input or output.
  --mode <mode>   import: skipBad: lines that cannot be taken are reported, the others are taken (when not given);
                  allOrNothing: one such line, and none is taken
  --resume <id>   import: goes on with one that broke off, with the same file: nothing is taken twice
  --query <query> export: which usages, as a filter of TMF REST; all when not given
  --type <type>   ndjson or csv, when the name of the file does not say it
${serverHelp}
Examples:
  tmf-balance-server usage import march.ndjson
  tmf-balance-server usage export --query 'status=rated&usageDate.gte=2026-03-01' rated.csv.gz
Exit code: 0 all lines are taken or written, 1 it failed or lines were refused, 2 wrong use.
`;

/** Runs the command with these arguments and returns its exit code. */
export function runUsage(given: readonly string[]): Promise<number> {
  return runCommands(given, help, { import: importFile, export: exportFile });
}
