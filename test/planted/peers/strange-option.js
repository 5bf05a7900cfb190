/* A peer that wants an option which no Node has. */
export const execArgv = ['--an-option-that-no-node-has'];
export const mutex = { open: () => ({ lock() {}, unlock() {} }) };
