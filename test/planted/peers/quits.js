/* Not a peer: it ends the process that imports it. */
process.exit(7);
