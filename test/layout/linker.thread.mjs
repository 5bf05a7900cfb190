/*
 * A thread that links some globals in the order it is told, attaches to an image, and says where its
 * globals are, or why it was refused.
 */

import { parentPort, workerData } from 'node:worker_threads';

const dist = new URL('../../dist/src/layout/', import.meta.url);
const { global } = await import(new URL('linker.js', dist).href);
const { attachImage } = await import(new URL('image.js', dist).href);
const records = await import(new URL('records.js', dist).href);

const { image, names } = workerData;
try {
  const addresses = names.map(([name, type, count]) => global(name, records[type], count));
  attachImage(image);
  parentPort.postMessage(addresses);
} catch ({ name, message }) {
  parentPort.postMessage(`${name}: ${message}`);
}
