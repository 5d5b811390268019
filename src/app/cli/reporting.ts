import { runReporting } from './administration/reporting.js';

// `npm run reporting -- grant analyst --tenant acme`: says who reads the views for reports.
process.exitCode = await runReporting(process.argv.slice(2), process.env);
