#!/usr/bin/env node
// Starts a node without loading the command line framework.
import { main } from '../dist/node/main.js';

await main(process.argv.slice(2));
