#!/usr/bin/env node
import { runCommandLine } from './command-line.js';

// `npx tmf-balance-server`
const code = await runCommandLine(process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
