/*
 * Counts what .ci/run did: `N passed, N failed` on the last line, and the exit code to go with it.
 *
 *     node .ci/count.mjs TESTS.json install=0 tests=1 lint=0 types=0
 *
 * TESTS.json is what vitest's JSON reporter wrote.  Each test counts one, a file that could not be loaded
 * counts one, and so do lint and types.  The install counts when it fails.  A test run that failed
 * without a failed test (it crashed, ran out of time, left an error behind) counts one too: what went
 * wrong is never counted as nothing.
 */

import { readFileSync } from 'node:fs';

const [file = '', ...steps] = process.argv.slice(2);
const exitOf = new Map(steps.map((step) => [step.split('=')[0], Number(step.split('=')[1])]));
const count = { passed: 0, failed: 0 };

for (const { name, assertionResults, status } of readResults(file)) {
  const failed = assertionResults.filter((result) => result.status === 'failed').length;
  count.passed += assertionResults.filter((result) => result.status === 'passed').length;
  count.failed += failed;
  if (status === 'failed' && failed === 0) fail(`${name} could not be run`);
}
if (exitOf.get('tests') !== 0 && count.failed === 0)
  fail('the test run failed outside of its tests, or did not end');
if (count.passed === 0 && count.failed === 0) fail('no test was run');
if (exitOf.get('install') !== 0) fail('the install failed');
for (const step of ['lint', 'types']) {
  if (exitOf.get(step) === 0) count.passed += 1;
  else fail(`${step} failed`);
}

console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 ? 0 : 1;

function fail(why) {
  count.failed += 1;
  console.log(why);
}

function readResults(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch {
    return []; //  not written: the run ended before it could be
  }
}
